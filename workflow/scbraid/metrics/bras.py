"""Batch removal adapted silhouette, BRAS (Rautenstrauch and Ohler 2025)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.metrics.by_label import mean_over_labels
from scbraid.metrics.silhouette import overlap_within_labels, silhouette_width
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from scbraid.metrics.cells import Cells

_ROUNDING = 1e-12


def batch_overlap(embedding: np.ndarray, labels: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """1 - |silhouette width by batch| by cosine distance, against the cells of all other batches together.

    Plain batch silhouettes look at the nearest batch only and so reward a partial mix; here a cell's mean distance to
    all cells of other batches (of its label) takes that place.

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
    return overlap_within_labels(_widths_against_all_others, embedding, labels, batch)


def bras_statistic(cells: Cells) -> Statistic:
    """Mean overlap of batches by cosine distance, over labels."""
    overlap = batch_overlap(cells.embedding, cells.labels, cells.batch)
    return Statistic(mean_over_labels, (overlap, cells.labels))


def _widths_against_all_others(embedding: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Silhouette widths by cosine distance, between-cluster distance = mean over all cells of other clusters.

    Cosine distances to a set of cells sum to ``size - u . sum(u_j)`` for unit vectors u: linear in cells.
    """
    norms = np.linalg.norm(embedding.astype(np.float64), axis=1, keepdims=True)
    units = np.divide(embedding, norms, out=np.zeros(embedding.shape), where=norms > 0)
    sizes = np.bincount(clusters)
    sums = np.zeros((len(sizes), units.shape[1]))
    np.add.at(sums, clusters, units)
    own_size, own_sum = sizes[clusters], sums[clusters]
    to_itself = 1 - np.einsum("ij,ij->i", units, units)
    within = own_size - np.einsum("ij,ij->i", units, own_sum) - to_itself
    between = len(units) - own_size - np.einsum("ij,ij->i", units, sums.sum(axis=0) - own_sum)
    within = within / np.maximum(own_size - 1, 1)
    between = between / (len(units) - own_size)
    within[within < _ROUNDING] = 0
    between[between < _ROUNDING] = 0
    return silhouette_width(within, between, own_size)
