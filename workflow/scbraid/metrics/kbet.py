"""k-nearest-neighbour batch effect test, kBET (Büttner et al. 2019), within labels (Luecken et al. 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtrc

from scbraid.graphs.diffusion import diffusion_neighbors
from scbraid.graphs.neighbors import connectivities
from scbraid.metrics.by_label import FEWEST_CELLS, mean_over_labels, within_mixed_labels
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from scipy import sparse

    from scbraid.metrics.cells import Cells

SIGNIFICANCE = 0.05
N_NEIGHBORS = 50
_FEWEST_NEIGHBORS, _MOST_NEIGHBORS = 10, 70
_SMALLEST_PART = 3
_FEWEST_KEPT = 0.75


def accepted(graph: sparse.csr_matrix, labels: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Whether the neighbourhood of a cell holds batches in the proportions of its label.

    Parameters
    ----------
    graph
        Symmetric weights of a kNN graph of about 50 neighbours, cells x cells.
    labels, batch
        Integers from 0, one a cell.

    Returns
    -------
    1.0 (accepted) or 0.0 (rejected), one a cell, whose mean over labels is kBET; NaN in labels of at most 10 cells or
    one batch, and for the cells in small parts of the graph of their label.

    Notes
    -----
    scIB tests random tenths of the cells a hundred times; here every cell is tested once, which is what those repeats
    estimate.
    """

    def within(cells: np.ndarray, batches: np.ndarray) -> np.ndarray:
        return _accepted(graph[cells][:, cells], batches)

    return within_mixed_labels(within, labels, batch, fewest_cells=FEWEST_CELLS + 1)


def batch_test(neighborhoods: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Test every neighbourhood for the proportions of all cells by Pearson's chi-squared.

    Parameters
    ----------
    neighborhoods
        Indices of cells, neighbourhoods x members.
    batch
        Integers from 0, all in use, one a cell.

    Returns
    -------
    p-values, one a neighbourhood.
    """
    n_batches = int(batch.max()) + 1
    expected = np.bincount(batch) / len(batch) * neighborhoods.shape[1]
    statistic = np.zeros(len(neighborhoods))
    for index in range(n_batches):
        observed = (batch[neighborhoods] == index).sum(axis=1)
        statistic += (observed - expected[index]) ** 2 / expected[index]
    return chdtrc(n_batches - 1, statistic)


def kbet_statistic(cells: Cells) -> Statistic:
    """Share of accepted neighbourhoods, mean over labels."""
    found = accepted(connectivities(cells.neighbors, N_NEIGHBORS), cells.labels, cells.batch)
    return Statistic(mean_over_labels, (found, cells.labels))


def _accepted(graph: sparse.csr_matrix, batch: np.ndarray) -> np.ndarray:
    """Test the cells of one label; all are rejected where the graph is in too many small parts."""
    n_cells = len(batch)
    size = int(np.clip(n_cells // (4 * (batch.max() + 1)), _FEWEST_NEIGHBORS, _MOST_NEIGHBORS))
    n_parts, parts = connected_components(graph, directed=False)
    kept = np.arange(n_cells)
    if n_parts > 1:
        kept = np.flatnonzero(np.bincount(parts)[parts] >= _SMALLEST_PART * size)
        if len(kept) < _FEWEST_KEPT * n_cells:
            return np.zeros(n_cells)
        graph = graph[kept][:, kept]
    neighbors = diffusion_neighbors(graph, size)
    if neighbors is None:
        return np.zeros(n_cells)
    neighborhoods = np.column_stack([kept, kept[neighbors[:, : size - 1]]])
    found = np.full(n_cells, np.nan)
    found[kept] = batch_test(neighborhoods, batch) >= SIGNIFICANCE
    return found
