"""LDVAE: scVI with a linear decoder, from scvi-tools (Svensson et al. 2020, Bioinformatics 36:3418)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbraid.methods.families import scvi_tools

if TYPE_CHECKING:
    from anndata import AnnData

    from scbraid.methods.spec import Context, Result

PARAMETERS = scvi_tools.schemas(*scvi_tools.NETWORK, *scvi_tools.TRAINING, n_latent=10, n_layers=1)
PARAMETERS["n_layers"]["description"] = "Hidden layers of the encoder."


def linear_scvi(adata: AnnData, context: Context, **parameters: Any) -> Result:
    """Train LinearSCVI on ``layers["counts"]`` with ``obs["batch"]`` as condition and return the posterior means."""
    from scvi.model import LinearSCVI

    scvi_tools.start(context, method="linear_scvi")
    data = scvi_tools.prepare(adata, method="linear_scvi")
    LinearSCVI.setup_anndata(data, layer="counts", batch_key="batch")
    model = LinearSCVI(data, **scvi_tools.network(parameters))
    history = scvi_tools.train(model, context, parameters, method="linear_scvi")
    return scvi_tools.finish(model, context, history)
