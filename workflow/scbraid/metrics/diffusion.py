"""Nearest neighbours by diffusion on a graph: as many as asked for, whatever the degree of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from scbraid.parallel import over_rows

if TYPE_CHECKING:
    from scipy import sparse

_FEWEST_STEPS = 3
_MOST_STEPS = 25


def diffusion_neighbors(graph: sparse.csr_matrix, n_neighbors: int) -> np.ndarray | None:
    """Find the cells that a random walk is most likely to visit.

    Cells are ranked by ``T + T^2 + ... + T^s``, T the transition probabilities of the graph, s the smallest number of
    steps (at least 3) after which every walk can have reached ``n_neighbors`` cells beside its start, as in scIB. Rows
    are computed one by one, so that memory grows with cells only.

    Parameters
    ----------
    graph
        Symmetric weights, cells x cells, no cell without an edge.
    n_neighbors
        Number of neighbours a cell.

    Returns
    -------
    int32, cells x neighbours, most likely first, the cell itself left out; None where 25 steps do not reach enough.
    """
    n_cells = graph.shape[0]
    if n_cells <= n_neighbors:
        return None
    degrees = np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()
    transitions = graph.data / np.repeat(degrees, np.diff(graph.indptr))
    found = np.empty((n_cells, n_neighbors), dtype=np.int32)
    reached = np.empty(n_cells, dtype=np.int64)
    for n_steps in range(_FEWEST_STEPS, _MOST_STEPS + 1):
        over_rows(_walk_kernel, n_cells, graph.indptr, graph.indices, transitions, n_steps, found, reached)
        if reached.min() > n_neighbors:
            return found
    return None


@njit(nogil=True, cache=True)
def _walk_kernel(start, stop, indptr, indices, transitions, n_steps, found, reached):
    n_cells = len(indptr) - 1
    here, there, visits = np.zeros(n_cells), np.zeros(n_cells), np.zeros(n_cells)
    at_here, at_there = np.empty(n_cells, np.int32), np.empty(n_cells, np.int32)
    visited = np.empty(n_cells, np.int32)
    for i in range(start, stop):
        here[i] = 1.0
        at_here[0] = i
        n_here, n_visited = 1, 0
        for _ in range(n_steps):
            n_there = 0
            for position in range(n_here):
                cell = at_here[position]
                for edge in range(indptr[cell], indptr[cell + 1]):
                    target = indices[edge]
                    probability = here[cell] * transitions[edge]
                    if probability == 0.0:  # underflow: a target that stays at 0 would be listed again and again
                        continue
                    if there[target] == 0.0:
                        at_there[n_there] = target
                        n_there += 1
                    there[target] += probability
                here[cell] = 0.0
            for position in range(n_there):
                cell = at_there[position]
                if visits[cell] == 0.0:
                    visited[n_visited] = cell
                    n_visited += 1
                visits[cell] += there[cell]
            here, there = there, here
            at_here, at_there = at_there, at_here
            n_here = n_there
        for position in range(n_here):
            here[at_here[position]] = 0.0
        reached[i] = n_visited
        _most_visited(visits, visited[:n_visited], i, found[i])
        for position in range(n_visited):
            visits[visited[position]] = 0.0


@njit(nogil=True, cache=True)
def _most_visited(visits, visited, own, out):
    """Write the most visited cells but the own one into ``out``, most visited first, of equals the earlier cell."""
    n_found = 0
    for cell in visited:
        if cell == own:
            continue
        last = n_found - 1
        if n_found == len(out):
            if not _comes_before(visits, cell, out[last]):
                continue
            last -= 1
        else:
            n_found += 1
        place = last + 1
        while place > 0 and _comes_before(visits, cell, out[place - 1]):
            out[place] = out[place - 1]
            place -= 1
        out[place] = cell


@njit(nogil=True, cache=True)
def _comes_before(visits, cell, other):
    return visits[cell] > visits[other] or (visits[cell] == visits[other] and cell < other)
