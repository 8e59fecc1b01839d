"""SysVI: integration across strong batch effects, from scvi-tools (Hrovatin et al. 2025, BMC Genomics 26:974)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.data.covariates import COVARIATES
from scbraid.errors import UserError
from scbraid.methods.families import scvi_tools

if TYPE_CHECKING:
    from anndata import AnnData

    from scbraid.methods.spec import Context, Result

NETWORK = scvi_tools.schemas("n_hidden", "n_latent", "n_layers", "dropout_rate", n_hidden=256, n_latent=15) | {
    "prior": {
        "description": "Prior of the embedding: a learned mixture (vamp) or the standard normal distribution.",
        "enum": ["vamp", "standard_normal"],
        "default": "vamp",
    },
    "n_prior_components": {
        "description": "Components of the mixture.",
        "type": "integer",
        "minimum": 1,
        "default": 5,
    },
}
WEIGHTS = {
    "kl_weight": {"description": "Weight of the distance to the prior.", "type": "number", "minimum": 0, "default": 1},
    "z_distance_cycle_weight": {
        "description": "Weight of the distance between a cell and itself moved to another batch; more mixes more.",
        "type": "number",
        "minimum": 0,
        "default": 2,
    },
}
PARAMETERS = NETWORK | scvi_tools.schemas(*COVARIATES, *scvi_tools.TRAINING) | WEIGHTS


def sysvi(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train SysVI on normalised ``X`` with ``obs["batch"]`` as system and return the posterior means."""
    from scvi.external import SysVI

    scvi_tools.start(context, method="sysvi")
    data = scvi_tools.prepare(adata, method="sysvi", layer=None, **parameters)
    if data.obs["batch"].nunique() == 1:
        raise UserError("sysvi: the data have one batch, there is nothing to correct")
    SysVI.setup_anndata(data, batch_key="batch", **scvi_tools.covariate_keys(parameters))
    model = SysVI(data, **{name: parameters[name] for name in NETWORK})
    # The training plan overwrites kl_weight with the end of its warm-up, which SysVI does without.
    plan = {
        "max_kl_weight": float(parameters["kl_weight"]),
        "z_distance_cycle_weight": parameters["z_distance_cycle_weight"],
    }
    history = scvi_tools.train(model, context, parameters, method="sysvi", plan=plan)
    return scvi_tools.finish(model, context, history)
