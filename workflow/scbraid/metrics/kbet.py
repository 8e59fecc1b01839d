"""k-nearest-neighbour batch effect test, kBET (Büttner et al. 2019), within labels (Luecken et al. 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtrc

from scbraid.metrics.diffusion import diffusion_neighbors

if TYPE_CHECKING:
    from scipy import sparse

SIGNIFICANCE = 0.05
_FEWEST_NEIGHBORS, _MOST_NEIGHBORS = 10, 70
_SMALLEST_PART = 3
_FEWEST_KEPT = 0.75


def kbet(graph: sparse.csr_matrix, labels: np.ndarray, batch: np.ndarray) -> float | None:
    """Share of cells whose neighbourhood holds batches in the proportions of its label, mean over labels.

    Parameters
    ----------
    graph
        Symmetric weights of a kNN graph of about 50 neighbours, cells x cells.
    labels, batch
        Integers from 0, one a cell.

    Returns
    -------
    From 0 (every neighbourhood is rejected) to 1 (all are accepted); None where no label has more than 10 cells and
    several batches.

    Notes
    -----
    scIB tests random tenths of the cells a hundred times; here every cell is tested once, which is what those repeats
    estimate.
    """
    scores = []
    for label in np.unique(labels):
        cells = np.flatnonzero(labels == label)
        n_batches = len(np.unique(batch[cells]))
        if len(cells) > _FEWEST_NEIGHBORS and n_batches > 1:
            scores.append(_acceptance(graph[cells][:, cells], np.unique(batch[cells], return_inverse=True)[1]))
    return float(np.mean(scores)) if scores else None


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


def _acceptance(graph: sparse.csr_matrix, batch: np.ndarray) -> float:
    """Share of accepted neighbourhoods among the cells of one label; 0 where its graph is in too many small parts."""
    n_cells = len(batch)
    size = int(np.clip(n_cells // (4 * (batch.max() + 1)), _FEWEST_NEIGHBORS, _MOST_NEIGHBORS))
    n_parts, parts = connected_components(graph, directed=False)
    kept = np.arange(n_cells)
    if n_parts > 1:
        kept = np.flatnonzero(np.bincount(parts)[parts] >= _SMALLEST_PART * size)
        if len(kept) < _FEWEST_KEPT * n_cells:
            return 0.0
        graph = graph[kept][:, kept]
    neighbors = diffusion_neighbors(graph, size)
    if neighbors is None:
        return 0.0
    neighborhoods = np.column_stack([kept, kept[neighbors[:, : size - 1]]])
    return float(np.mean(batch_test(neighborhoods, batch) >= SIGNIFICANCE))
