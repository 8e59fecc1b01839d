"""ComBat: location and scale of every gene adjusted by empirical Bayes (Johnson et al. 2007, Biostatistics 8:118)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.methods.batches import check_batches
from scbraid.methods.spec import Context, Result

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
    """Correct normalised expression for ``obs["batch"]`` with scanpy's ComBat and embed it by its principal components.

    Raises
    ------
    UserError
        If there is one batch, or a batch of one cell, whose scale cannot be estimated.
    """
    import scanpy as sc

    from scbraid.preprocess.pca import unintegrated_pca

    check_batches(adata.obs["batch"], method="combat", fewest=2, why="ComBat needs two; drop the batch in qc")
    corrected = sc.AnnData(sc.pp.combat(adata, key="batch", inplace=False), obs=adata.obs[[]])
    embedding = unintegrated_pca(corrected, n_comps=n_comps)[0].to_numpy()
    return Result(embedding=embedding, corrected=corrected.X)
