"""MrVI: multi-resolution variational inference, from scvi-tools (Boyeau et al. 2025, Nature Methods).

The batch is MrVI's sample, so that the embedding u is the one that no longer tells batches apart; what is particular to
a batch goes into z, which is not returned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.methods.families import scvi_tools

if TYPE_CHECKING:
    from anndata import AnnData

    from scbraid.methods.spec import Context, Result

NETWORK = {
    "n_latent": {"description": "Dimensions of z.", "type": "integer", "minimum": 1, "default": 30},
    "n_latent_u": {
        "description": "Dimensions of u, the embedding.",
        "type": "integer",
        "minimum": 1,
        "default": 10,
    },
    "encoder_n_hidden": {
        "description": "Units of a hidden layer of the encoder.",
        "type": "integer",
        "minimum": 1,
        "default": 128,
    },
    "encoder_n_layers": {
        "description": "Hidden layers of the encoder.",
        "type": "integer",
        "minimum": 1,
        "default": 2,
    },
    "u_prior_mixture_k": {
        "description": "Components of the prior of u, a mixture of Gaussians.",
        "type": "integer",
        "minimum": 1,
        "default": 20,
    },
}
TRAINING = scvi_tools.schemas(*scvi_tools.TRAINING, batch_size=256, max_epochs=100, lr=0.002)
TRAINING["early_stopping"]["description"] = TRAINING["early_stopping"]["description"].replace("45", "15")
PARAMETERS = NETWORK | TRAINING


def mrvi(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train MrVI on ``layers["counts"]`` with ``obs["batch"]`` as sample and return the posterior means of u."""
    from scvi.external import TorchMRVI

    scvi_tools.start(context, method="mrvi")
    data = scvi_tools.prepare(adata, method="mrvi")
    TorchMRVI.setup_anndata(data, layer="counts", sample_key="batch")
    model = TorchMRVI(data, **{name: parameters[name] for name in NETWORK})
    # TorchMRVI looks at the held-out cells after every epoch unless told not to
    history = scvi_tools.train(model, context, parameters, method="mrvi", check_val_every_n_epoch=None)
    return scvi_tools.finish(model, context, history)
