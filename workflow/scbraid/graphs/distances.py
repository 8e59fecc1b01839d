"""Euclidean distances between all pairs of cells, reduced on the fly so that memory never grows with cells squared.

Distances come from differences of coordinates in float32 (no expansion of the square), so that identical cells are
exactly zero apart; sums over cells are float64.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scbraid.parallel import over_rows

_TILE_ROWS = 32
_TILE_COLUMNS = 256


def nearest(points: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest other cells of every cell, exactly.

    Parameters
    ----------
    points
        Coordinates, cells x dimensions.
    n_neighbors
        Number of neighbours, less than the number of cells. Of equally distant cells the earlier one comes first.

    Returns
    -------
    indices
        int32, cells x n_neighbors, ascending distance, the cell itself left out.
    distances
        float32, cells x n_neighbors.
    """
    rows, columns = _layouts(points)
    indices = np.full((len(rows), n_neighbors), -1, dtype=np.int32)
    squares = np.full((len(rows), n_neighbors), np.inf, dtype=np.float32)
    over_rows(_nearest_kernel, len(rows), rows, columns, indices, squares)
    return indices, np.sqrt(squares)


def distance_sums(points: np.ndarray, clusters: np.ndarray, n_clusters: int) -> np.ndarray:
    """Sum the distances of every cell to the cells of every cluster.

    Parameters
    ----------
    points
        Coordinates, cells x dimensions.
    clusters
        Cluster of every cell, integers from 0 to ``n_clusters - 1``.
    n_clusters
        Number of clusters.

    Returns
    -------
    float64, cells x clusters.
    """
    order = np.argsort(clusters, kind="stable")
    bounds = np.searchsorted(clusters[order], np.arange(n_clusters + 1))
    rows, columns = _layouts(points[order])
    sums = np.zeros((len(rows), n_clusters))
    over_rows(_sums_kernel, len(rows), rows, columns, bounds, sums)
    unsorted = np.empty_like(sums)
    unsorted[order] = sums
    return unsorted


def _layouts(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points as float32 cells x dimensions and dimensions x cells, both contiguous."""
    rows = np.ascontiguousarray(points, dtype=np.float32)
    return rows, np.ascontiguousarray(rows.T)


@njit(nogil=True, cache=True, fastmath={"contract"})
def _squared_distances(point: np.ndarray, columns: np.ndarray, start: int, stop: int, out: np.ndarray) -> None:
    """Write the squared distances from one point to the cells ``start`` to ``stop`` into the head of ``out``."""
    n_dimensions = columns.shape[0]
    out = out[: stop - start]
    out[:] = 0.0
    k = 0
    while k + 4 <= n_dimensions:  # four dimensions a sweep: a quarter of the loads and stores of `out`
        c0, c1 = columns[k, start:stop], columns[k + 1, start:stop]
        c2, c3 = columns[k + 2, start:stop], columns[k + 3, start:stop]
        p0, p1, p2, p3 = point[k], point[k + 1], point[k + 2], point[k + 3]
        for j in range(out.shape[0]):
            d0, d1, d2, d3 = p0 - c0[j], p1 - c1[j], p2 - c2[j], p3 - c3[j]
            out[j] += d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
        k += 4
    while k < n_dimensions:
        column = columns[k, start:stop]
        p = point[k]
        for j in range(out.shape[0]):
            d = p - column[j]
            out[j] += d * d
        k += 1


@njit(nogil=True, cache=True)
def _nearest_kernel(
    start: int, stop: int, rows: np.ndarray, columns: np.ndarray, indices: np.ndarray, squares: np.ndarray
) -> None:
    n_cells, n_neighbors = rows.shape[0], indices.shape[1]
    tile = np.empty(_TILE_COLUMNS, dtype=np.float32)
    for row_start in range(start, stop, _TILE_ROWS):
        row_stop = min(row_start + _TILE_ROWS, stop)
        for tile_start in range(0, n_cells, _TILE_COLUMNS):
            tile_stop = min(tile_start + _TILE_COLUMNS, n_cells)
            for i in range(row_start, row_stop):
                _squared_distances(rows[i], columns, tile_start, tile_stop, tile)
                found, reach = indices[i], squares[i]
                for j in range(tile_stop - tile_start):
                    candidate = tile[j]
                    if candidate < reach[n_neighbors - 1] and tile_start + j != i:
                        place = n_neighbors - 1
                        while place > 0 and candidate < reach[place - 1]:
                            reach[place] = reach[place - 1]
                            found[place] = found[place - 1]
                            place -= 1
                        reach[place] = candidate
                        found[place] = tile_start + j


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def _sums_kernel(
    start: int, stop: int, rows: np.ndarray, columns: np.ndarray, bounds: np.ndarray, sums: np.ndarray
) -> None:
    tile = np.empty(_TILE_COLUMNS, dtype=np.float32)
    for row_start in range(start, stop, _TILE_ROWS):
        row_stop = min(row_start + _TILE_ROWS, stop)
        for cluster in range(bounds.shape[0] - 1):
            for tile_start in range(bounds[cluster], bounds[cluster + 1], _TILE_COLUMNS):
                tile_stop = min(tile_start + _TILE_COLUMNS, bounds[cluster + 1])
                for i in range(row_start, row_stop):
                    _squared_distances(rows[i], columns, tile_start, tile_stop, tile)
                    total = 0.0
                    for j in range(tile_stop - tile_start):
                        total += np.float64(np.sqrt(tile[j]))
                    sums[i, cluster] += total
