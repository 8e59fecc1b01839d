"""Silhouette widths (Rousseeuw 1987) by Euclidean distance, in memory that grows with cells x clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.graphs.distances import distance_sums
from scbraid.metrics.by_label import mean_over_labels, within_mixed_labels
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from collections.abc import Callable

    from scbraid.metrics.cells import Cells


def silhouette_samples(embedding: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Silhouette width of every cell.

    Parameters
    ----------
    embedding
        Cells x dimensions.
    clusters
        Cluster of every cell, integers from 0, at least two of them in use.

    Returns
    -------
    float64 from -1 to 1, one a cell; 0 for the only cell of a cluster and where all distances are zero.
    """
    sizes = np.bincount(clusters)
    cells = np.arange(len(clusters))
    sums = distance_sums(embedding, clusters, len(sizes))
    within = sums[cells, clusters] / np.maximum(sizes[clusters] - 1, 1)
    means = sums / np.maximum(sizes, 1)
    means[:, sizes == 0] = np.inf
    means[cells, clusters] = np.inf
    return silhouette_width(within, means.min(axis=1), sizes[clusters])


def silhouette_width(within: np.ndarray, between: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Combine the mean distances within and between clusters into widths.

    Parameters
    ----------
    within
        Mean distance of a cell to the other cells of its cluster.
    between
        Mean distance to the cells outside.
    sizes
        Number of cells of the cell's own cluster.
    """
    largest = np.maximum(within, between)
    defined = (sizes > 1) & (largest > 0)
    return np.divide(between - within, largest, out=np.zeros_like(largest), where=defined)


def scaled_mean(widths: np.ndarray) -> float:
    """Return the mean of silhouette widths, moved from -1 to 1 to 0 to 1."""
    return float((widths.mean() + 1) / 2)


def batch_overlap(embedding: np.ndarray, labels: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """1 - |silhouette width by batch| of every cell among the cells of its label (scIB).

    Parameters
    ----------
    embedding
        Cells x dimensions.
    labels, batch
        Integers from 0, one a cell.

    Returns
    -------
    From 0 to 1 (batches overlap), one a cell; NaN in labels without several batches, one of them of several cells.
    """
    return overlap_within_labels(silhouette_samples, embedding, labels, batch)


def label_widths(cells: Cells) -> np.ndarray:
    """Silhouette width of every cell by label."""
    return silhouette_samples(cells.embedding, cells.labels)


def silhouette_label_statistic(cells: Cells) -> Statistic:
    """Mean silhouette width by label."""
    return Statistic(scaled_mean, (cells.once(label_widths),))


def silhouette_batch_statistic(cells: Cells) -> Statistic:
    """Mean overlap of batches, over labels."""
    overlap = batch_overlap(cells.embedding, cells.labels, cells.batch)
    return Statistic(mean_over_labels, (overlap, cells.labels))


def overlap_within_labels(
    widths: Callable[[np.ndarray, np.ndarray], np.ndarray],
    embedding: np.ndarray,
    labels: np.ndarray,
    batch: np.ndarray,
) -> np.ndarray:
    """``1 - |width|`` of every cell among those of its label.

    Parameters
    ----------
    widths
        Function of (embedding, clusters) that returns one width a cell.
    embedding, labels, batch
        As in :func:`batch_overlap`.
    """

    def overlap(cells: np.ndarray, batches: np.ndarray) -> np.ndarray | float:
        if batches.max() + 1 == len(cells):
            return np.nan
        return 1 - np.abs(widths(embedding[cells], batches))

    return within_mixed_labels(overlap, labels, batch, fewest_cells=2)
