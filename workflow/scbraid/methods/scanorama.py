"""Scanorama: panoramas of batches stitched at mutual nearest neighbours (Hie et al. 2019, Nat Biotechnol 37:685)."""

from __future__ import annotations

import contextlib
import io
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from scbraid.methods.batches import check_batches
from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData

logger = logging.getLogger(__name__)

PARAMETERS = {
    "dimred": {
        "description": "Dimensions of the embedding.",
        "type": "integer",
        "minimum": 1,
        "default": 100,
    },
    "knn": {
        "description": "Nearest neighbours among which mutual ones are sought; no batch may have fewer cells.",
        "type": "integer",
        "minimum": 1,
        "default": 20,
    },
    "sigma": {
        "description": "Precision of the Gaussian kernel that smooths corrections; smaller values smooth more.",
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 15,
    },
    "alpha": {
        "description": "Share of the cells of a batch that must have mutual nearest neighbours for it to be joined.",
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.1,
    },
    "approx": {
        "description": "Search neighbours approximately; worth it above some 50,000 cells.",
        "type": "boolean",
        "default": False,
    },
}


def scanorama(
    adata: AnnData, context: Context, *, dimred: int, knn: int, sigma: float, alpha: float, approx: bool
) -> Result:
    """Stitch the batches' normalised expression together with the scanorama package on the CPU.

    Scanorama takes batches in an order that its result depends on. Here the largest comes first, and cells within a
    batch by their total expression: neither the names of batches nor the order of cells matters.

    Raises
    ------
    UserError
        If there is one batch, or one of fewer than `knn` cells.
    """
    import scanorama as package

    why = f"knn needs {knn}; lower it or drop the batch in qc"
    check_batches(adata.obs["batch"], method="scanorama", fewest=knn, why=why)
    expression = sparse.csr_matrix(adata.X)
    batches = _batches(expression, adata.obs["batch"].to_numpy())
    genes = np.arange(adata.n_vars)
    with _one_thread_of_annoy(package.scanorama, context.seed), contextlib.redirect_stdout(io.StringIO()) as printed:
        parts, _ = package.integrate(
            [expression[rows] for rows in batches],
            [genes] * len(batches),
            dimred=dimred,
            knn=knn,
            sigma=sigma,
            alpha=alpha,
            approx=approx,
            seed=context.seed,
            verbose=1,
        )
    logger.info("%s", printed.getvalue().strip())
    embedding = np.empty((adata.n_obs, parts[0].shape[1]))
    embedding[np.concatenate(batches)] = np.concatenate(parts)
    return Result(embedding=embedding)


def _batches(expression: sparse.csr_matrix, batch: np.ndarray) -> list[np.ndarray]:
    """Rows of every batch, the largest batch first, cells by their total expression."""
    totals = np.asarray(expression.sum(axis=1, dtype=np.float64)).ravel()
    members = [np.flatnonzero(batch == name) for name in np.unique(batch)]
    members = [rows[np.argsort(totals[rows], kind="stable")] for rows in members]
    return sorted(members, key=lambda rows: (-len(rows), totals[rows].sum()))


@contextlib.contextmanager
def _one_thread_of_annoy(module: Any, seed: int) -> Iterator[None]:
    """Seed the approximate search, and build its trees in one thread: several give other trees in every run."""
    original: Any = module.AnnoyIndex

    class SeededIndex(original):
        def build(self, n_trees: int) -> bool:
            self.set_seed(seed)
            return super().build(n_trees, n_jobs=1)

    module.AnnoyIndex = SeededIndex
    try:
        yield
    finally:
        module.AnnoyIndex = original
