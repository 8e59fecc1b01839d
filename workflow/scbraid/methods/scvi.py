"""scVI: a variational autoencoder of counts, from scvi-tools (Lopez et al. 2018, Nature Methods 15:1053)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.data.covariates import COVARIATES
from scbraid.methods.families import scvi_surgery as scvi_query
from scbraid.methods.families import scvi_tools
from scbraid.methods.spec import Context, Mapped, Result

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from scvi.model import SCVI

PARAMETERS = scvi_tools.schemas(
    *scvi_tools.NETWORK,
    *COVARIATES,
    "encode_covariates",
    *scvi_tools.TRAINING,
    "save_minified",
    "max_epochs_query",
)


def scvi(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train SCVI on ``layers["counts"]`` with ``obs["batch"]`` as condition and return the posterior means."""
    model, history = fit(adata, context, parameters, method="scvi")
    return scvi_tools.finish(model, context, history, minified=parameters["save_minified"])


def map_query(adata: AnnData, context: Context, **parameters: Any) -> Mapped:
    """Map query cells onto the saved model by scArches surgery."""
    from scvi.model import SCVI

    model, facts = scvi_query.surgery(SCVI, adata, context, parameters, method="scvi")
    return Mapped(embedding=model.get_latent_representation(), device=str(model.device), facts=facts)


def fit(adata: AnnData, context: Context, parameters: dict[str, Any], *, method: str) -> tuple[SCVI, pd.DataFrame]:
    """Train SCVI and return it with its history."""
    from scvi.model import SCVI

    scvi_tools.start(context, method=method)
    data = scvi_tools.prepare(adata, method=method, **parameters)
    SCVI.setup_anndata(data, layer="counts", batch_key="batch", **scvi_tools.covariate_keys(parameters))
    model = SCVI(data, **scvi_tools.network(parameters, "encode_covariates"))
    return model, scvi_tools.train(model, context, parameters, method=method)
