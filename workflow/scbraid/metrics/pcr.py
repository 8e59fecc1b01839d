"""Principal component regression of batch (Büttner et al. 2019)."""

from __future__ import annotations

import numpy as np

_MAX_COMPONENTS = 50


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
    centred = embedding - embedding.mean(axis=0, dtype=np.float64)
    if centred.shape[1] > _MAX_COMPONENTS:
        centred = _principal_components(centred)
    sizes = np.bincount(batch)
    sums = np.zeros((len(sizes), centred.shape[1]))
    np.add.at(sums, batch, centred)
    between = np.sum(sums[sizes > 0] ** 2 / sizes[sizes > 0, None])
    total = np.sum(centred**2)
    return float(between / total) if total > 0 else 0.0


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


def _principal_components(centred: np.ndarray) -> np.ndarray:
    _, axes = np.linalg.eigh(centred.T @ centred)
    return centred @ axes[:, -_MAX_COMPONENTS:]
