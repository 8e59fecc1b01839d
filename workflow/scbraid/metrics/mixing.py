"""Mixing of batches among the cells of one label, which a merger of labels cannot raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.graphs.neighbors import neighbors_within
from scbraid.metrics.by_label import FEWEST_CELLS, median_over_labels, within_mixed_labels
from scbraid.metrics.lisi import lisi, neighbor_probabilities
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from scbraid.graphs.neighbors import Neighbors
    from scbraid.metrics.cells import Cells


def mixing_within_labels(
    embedding: np.ndarray, neighbors: Neighbors, labels: np.ndarray, batch: np.ndarray, *, seed: int = 0
) -> np.ndarray:
    """Scaled LISI of batches of every cell on the kNN graph of the cells of its label alone.

    Neighbours of another label, which over-correction brings in, are out of sight here. The scale is that of iLISI
    (Luecken et al. 2022), with the number of batches in which the label occurs.

    Parameters
    ----------
    embedding
        Cells x dimensions.
    neighbors
        The kNN graph of all cells; its size, and of a graph method its edges, are kept.
    labels, batch
        Integers from 0, one a cell.
    seed
        Seed of the neighbour search, where that is approximate.

    Returns
    -------
    From 0 (separate) to 1 (mixed evenly), one a cell; NaN in labels of at most 10 cells or one batch. The metric is
    the mean over labels of their medians.
    """

    def within(cells: np.ndarray, batches: np.ndarray) -> np.ndarray:
        kept = np.isin(np.arange(len(labels)), cells, assume_unique=True)
        own = neighbors_within(embedding, neighbors, kept, seed=seed)
        scores = lisi(own.indices, neighbor_probabilities(own.distances), batches)
        return np.clip((scores - 1) / batches.max(), 0, 1)

    return within_mixed_labels(within, labels, batch, fewest_cells=FEWEST_CELLS + 1)


def ilisi_within_statistic(cells: Cells) -> Statistic:
    """Mixing of batches within labels: the median of every label, mean over labels."""
    mixed = mixing_within_labels(cells.embedding, cells.neighbors, cells.labels, cells.batch, seed=cells.seed)
    return Statistic(median_over_labels, (mixed, cells.labels))
