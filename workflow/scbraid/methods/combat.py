"""ComBat: location and scale of every gene adjusted by empirical Bayes (Johnson et al. 2007, Biostatistics 8:118)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.errors import UserError
from scbraid.methods import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS = {
    "n_comps": {
        "description": "Principal components of the corrected expression.",
        "type": "integer",
        "minimum": 1,
        "default": 30,
    },
}


def combat(adata: AnnData, context: Context, *, n_comps: int) -> Result:  # noqa: ARG001
    """Correct normalised expression for ``obs["batch"]`` with scanpy's ComBat and return its principal components.

    Raises
    ------
    UserError
        If there is one batch, or a batch of one cell, whose scale cannot be estimated.
    """
    import scanpy as sc

    from scbraid.pca import unintegrated_pca

    sizes = adata.obs["batch"].value_counts()
    if len(sizes) < 2:
        raise UserError("combat: the data have one batch, there is nothing to correct; leave this method out")
    if sizes.min() < 2:
        raise UserError(f"combat: batch '{sizes.idxmin()}' has one cell, ComBat needs two; drop the batch in qc")
    corrected = sc.AnnData(sc.pp.combat(adata, key="batch", inplace=False), obs=adata.obs[[]])
    return Result(embedding=unintegrated_pca(corrected, n_comps=n_comps)[0].to_numpy())
