"""Nearest cells by shortest path over a weighted graph (Dijkstra 1959, Numerische Mathematik 1:269)."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from scbraid.parallel import over_rows

if TYPE_CHECKING:
    from scipy import sparse


def nearest_by_path(
    graph: sparse.csr_matrix, lengths: np.ndarray, n_neighbors: int, *, counted: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest other cells of every cell, as far as one can walk.

    A cell that reaches fewer than `n_neighbors` others has these repeated evenly, so that a share of the columns stays
    the same share of what it reaches; a cell that reaches none is its own neighbour at distance 0.

    Parameters
    ----------
    graph
        Symmetric, cells x cells; only its structure is used.
    lengths
        Length of every stored edge, at least 0, in the order of ``graph.data``.
    n_neighbors
        Number of neighbours. Equally distant cells come in the same order in every run.
    counted
        Boolean, one a cell: the cells that have neighbours and are neighbours; paths lead through the others too.
        None for all.

    Returns
    -------
    indices
        int32, counted cells x n_neighbors, ascending distance, the cell itself left out.
    distances
        float32, counted cells x n_neighbors: lengths of the shortest paths.
    """
    counted = np.ones(graph.shape[0], dtype=bool) if counted is None else counted
    sources = np.flatnonzero(counted)
    indices = np.empty((len(sources), n_neighbors), dtype=np.int32)
    distances = np.empty((len(sources), n_neighbors), dtype=np.float32)
    lengths = np.asarray(lengths, dtype=np.float64)
    over_rows(_path_kernel, len(sources), sources, counted, graph.indptr, graph.indices, lengths, indices, distances)
    return indices, distances


@njit(nogil=True, cache=True)
def _path_kernel(
    start: int,
    stop: int,
    sources: np.ndarray,
    counted: np.ndarray,
    indptr: np.ndarray,
    neighbors: np.ndarray,
    lengths: np.ndarray,
    indices: np.ndarray,
    distances: np.ndarray,
) -> None:
    shortest = np.full(len(counted), np.inf)
    for row in range(start, stop):
        source = sources[row]
        shortest[source] = 0.0
        reached = [source]
        waiting = [(0.0, source)]
        n_found = 0
        while len(waiting) > 0 and n_found < indices.shape[1]:
            distance, cell = heapq.heappop(waiting)
            if distance > shortest[cell]:  # it was reached on a shorter path since
                continue
            if cell != source and counted[cell]:
                indices[row, n_found] = cell
                distances[row, n_found] = distance
                n_found += 1
            for edge in range(indptr[cell], indptr[cell + 1]):
                target = np.int64(neighbors[edge])
                through = distance + lengths[edge]
                if through < shortest[target]:
                    if shortest[target] == np.inf:
                        reached.append(target)
                    shortest[target] = through
                    heapq.heappush(waiting, (through, target))
        for cell in reached:
            shortest[cell] = np.inf
        _repeat(indices[row], distances[row], n_found, source)


@njit(nogil=True, cache=True)
def _repeat(indices: np.ndarray, distances: np.ndarray, n_found: int, source: int) -> None:
    """Spread the first ``n_found`` entries evenly over all of them."""
    if n_found == 0:
        indices[:] = source
        distances[:] = 0.0
        return
    for column in range(len(indices) - 1, -1, -1):  # from the end: what is still to be read lies before
        origin = column * n_found // len(indices)
        indices[column] = indices[origin]
        distances[column] = distances[origin]
