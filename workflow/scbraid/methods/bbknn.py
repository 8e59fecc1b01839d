"""BBKNN: as many nearest neighbours from every batch (Polański et al. 2020, Bioinformatics 36:964)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.methods.batches import check_batches
from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS = {
    "neighbors_within_batch": {
        "description": "Nearest neighbours of a cell in every batch; no batch may have fewer cells.",
        "type": "integer",
        "minimum": 1,
        "default": 3,
    },
    "trim": {
        "description": "Strongest edges that a cell keeps; 0 keeps all, null keeps ten times its nearest neighbours.",
        "type": ["integer", "null"],
        "minimum": 0,
        "default": None,
    },
}


def bbknn(adata: AnnData, context: Context, *, neighbors_within_batch: int, trim: int | None) -> Result:  # noqa: ARG001
    """Build the graph on ``obsm["X_pca"]`` with the bbknn package, neighbours searched exactly.

    Raises
    ------
    UserError
        If there is one batch, or one of fewer than `neighbors_within_batch` cells.
    """
    from bbknn.matrix import bbknn as balanced_graph

    from scbraid.graphs.from_graph import graph_neighbors

    why = f"neighbors_within_batch needs {neighbors_within_batch}; lower it or drop the batch in qc"
    check_batches(adata.obs["batch"], method="bbknn", fewest=neighbors_within_batch, why=why)
    components = adata.obsm["X_pca"]
    distances, connectivities, _ = balanced_graph(
        components,
        adata.obs["batch"].to_numpy(),
        neighbors_within_batch=neighbors_within_batch,
        n_pcs=components.shape[1],
        trim=trim,
        computation="cKDTree",
    )
    return Result(neighbors=graph_neighbors(distances, connectivities))
