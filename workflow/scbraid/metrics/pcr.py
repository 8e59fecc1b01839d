"""Principal component regression (Büttner et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from scbraid.metrics.cells import Cells

_MAX_COMPONENTS = 50
_RANK_TOLERANCE = 1e-10


def variance_explained(embedding: np.ndarray, batch: np.ndarray) -> float:
    """Share of the variance of an embedding that batch explains.

    The sum over principal components of their share of variance times the R² of a regression on batch. With all
    components kept this equals the variance between batches over the total variance in any basis, so the components
    are computed only where the embedding has more dimensions than are kept.

    Parameters
    ----------
    embedding
        Cells x dimensions; of more than 50 dimensions the first 50 principal components count, as in scIB.
    batch
        Integers from 0, one a cell.

    Returns
    -------
    From 0 to 1; 0 for an embedding without variance.
    """
    centred = _centred(embedding)
    sizes = np.bincount(batch)
    sums = np.zeros((len(sizes), centred.shape[1]))
    np.add.at(sums, batch, centred)
    return _share(np.sum(sums[sizes > 0] ** 2 / sizes[sizes > 0, None]), centred)


def share_explained(embedding: np.ndarray, covariates: np.ndarray) -> float:
    """Share of the variance of an embedding that numbers explain, as :func:`variance_explained` does for batches.

    Parameters
    ----------
    embedding
        Cells x dimensions.
    covariates
        Cells x covariates.
    """
    centred = _centred(embedding)
    directions, weights, _ = np.linalg.svd(covariates - covariates.mean(axis=0), full_matrices=False)
    directions = directions[:, weights > _RANK_TOLERANCE * np.abs(covariates).max()]
    return _share(np.sum((directions.T @ centred) ** 2), centred)


def pcr(pca: np.ndarray, embedding: np.ndarray, batch: np.ndarray) -> float | None:
    """Share of the variance explained by batch that integration removed.

    Parameters
    ----------
    pca
        PCA before integration, cells x components.
    embedding
        Cells x dimensions.
    batch
        Integers from 0, one a cell.

    Returns
    -------
    From 0 (nothing removed, or batch explains more than before) to 1; None where batch explained nothing before.
    """
    before = variance_explained(pca, batch)
    if before == 0:
        return None
    return max(0.0, (before - variance_explained(embedding, batch)) / before)


def pcr_statistic(cells: Cells) -> Statistic | None:
    """Variance by batch that integration removed; None without a PCA before it."""
    return None if cells.pca is None else Statistic(pcr, (cells.pca, cells.embedding, cells.batch))


def _centred(embedding: np.ndarray) -> np.ndarray:
    """Take the mean away, and all but the first principal components."""
    centred = embedding - embedding.mean(axis=0, dtype=np.float64)
    if centred.shape[1] <= _MAX_COMPONENTS:
        return centred
    _, axes = np.linalg.eigh(centred.T @ centred)
    return centred @ axes[:, -_MAX_COMPONENTS:]


def _share(explained: float, centred: np.ndarray) -> float:
    total = np.sum(centred**2)
    return float(explained / total) if total > 0 else 0.0
