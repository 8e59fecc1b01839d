"""Nearest neighbours by diffusion on a graph: as many as asked for, whatever the degree of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from scipy.sparse.csgraph import reverse_cuthill_mckee

from scbraid.parallel import over_rows

if TYPE_CHECKING:
    from scipy import sparse

_FEWEST_STEPS = 3
_MOST_STEPS = 25
#: walks that go together: cells close in the graph visit much the same cells, and the sums run in vector registers
_WALKS = 16


def diffusion_neighbors(graph: sparse.csr_matrix, n_neighbors: int) -> np.ndarray | None:
    """Find the cells that a random walk is most likely to visit.

    Cells are ranked by ``T + T^2 + ... + T^s``, T the transition probabilities of the graph, s the smallest number of
    steps (at least 3) after which every walk can have reached ``n_neighbors`` cells beside its start, as in scIB. Rows
    are computed a few at a time, so that memory grows with cells only.

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
    steps = np.empty(n_cells, dtype=np.int64)
    over_rows(_steps_kernel, n_cells, graph.indptr, graph.indices, n_neighbors, steps)
    n_steps = max(_FEWEST_STEPS, int(steps.max()))
    if n_steps > _MOST_STEPS:
        return None
    order = reverse_cuthill_mckee(graph, symmetric_mode=True)
    ordered = graph[order][:, order]
    degrees = np.asarray(ordered.sum(axis=1), dtype=np.float64).ravel()
    transitions = ordered.data / np.repeat(degrees, np.diff(ordered.indptr))
    found = np.empty((n_cells, n_neighbors), dtype=np.int32)
    over_rows(_walk_kernel, -(-n_cells // _WALKS), order, ordered.indptr, ordered.indices, transitions, n_steps, found)
    return found


@njit(nogil=True, cache=True)
def _steps_kernel(
    start: int, stop: int, indptr: np.ndarray, indices: np.ndarray, n_neighbors: int, steps: np.ndarray
) -> None:
    """Count the steps until more than ``n_neighbors`` cells, the start included, can have been reached."""
    seen = np.full(len(indptr) - 1, -1, np.int64)
    queue = np.empty(n_neighbors + 1, np.int32)
    for i in range(start, stop):
        seen[i], queue[0] = i, i
        n_seen, first, n_steps = 1, 0, 0
        while n_seen <= n_neighbors and n_steps <= _MOST_STEPS:
            n_steps += 1
            last = n_seen
            for position in range(first, last):
                cell = queue[position]
                for edge in range(indptr[cell], indptr[cell + 1]):
                    target = indices[edge]
                    if seen[target] != i and n_seen <= n_neighbors:
                        seen[target], queue[n_seen] = i, target
                        n_seen += 1
            first = last
        steps[i] = n_steps


@njit(nogil=True, cache=True, fastmath={"contract"})
def _walk_kernel(
    start: int,
    stop: int,
    order: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    transitions: np.ndarray,
    n_steps: int,
    found: np.ndarray,
) -> None:
    n_cells = len(indptr) - 1
    here, there = np.zeros((n_cells, _WALKS)), np.zeros((n_cells, _WALKS))
    at_here, at_there = np.empty(n_cells, np.int32), np.empty(n_cells, np.int32)
    listed = np.zeros(n_cells, np.bool_)
    visits = np.empty(n_cells)
    for group in range(start, stop):
        first = group * _WALKS
        n_walks = min(_WALKS, n_cells - first)
        for walk in range(n_walks):
            here[first + walk, walk] = 1.0
            at_here[walk] = first + walk
        n_here = n_walks
        for step in range(1, n_steps + 1):  # Horner: T + T^2 + T^3 = (1 + (1 + T) T) T
            n_there = 0
            for cell in at_here[:n_here]:
                for edge in range(indptr[cell], indptr[cell + 1]):
                    target = indices[edge]
                    if not listed[target]:
                        listed[target] = True
                        at_there[n_there] = target
                        n_there += 1
                _spread(cell, here, there, indptr, indices, transitions)
            if step < n_steps:
                for walk in range(n_walks):
                    cell = first + walk
                    if not listed[cell]:
                        listed[cell] = True
                        at_there[n_there] = cell
                        n_there += 1
                    there[cell, walk] += 1.0
            for cell in at_there[:n_there]:
                listed[cell] = False
            here, there = there, here
            at_here, at_there = at_there, at_here
            n_here = n_there
        visited = at_here[:n_here]
        for walk in range(n_walks):
            for position in range(n_here):
                visits[position] = here[visited[position], walk]
            _most_visited(visits, visited, first + walk, order, found[order[first + walk]])
        for cell in visited:
            here[cell] = 0.0


@njit(nogil=True, cache=True, fastmath={"contract"})
def _spread(
    cell: int, here: np.ndarray, there: np.ndarray, indptr: np.ndarray, indices: np.ndarray, transitions: np.ndarray
) -> None:
    """Move all walks on from a cell; a function of its own, so that the innermost loop runs in vector registers."""
    source = here[cell]
    for edge in range(indptr[cell], indptr[cell + 1]):
        sums, probability = there[indices[edge]], transitions[edge]
        for walk in range(source.shape[0]):
            sums[walk] += source[walk] * probability
    source[:] = 0.0


@njit(nogil=True, cache=True)
def _most_visited(visits: np.ndarray, visited: np.ndarray, start: int, names: np.ndarray, out: np.ndarray) -> None:
    """Write the names of the most visited cells but the start, most visited first, of equals the smaller name."""
    most = np.empty(len(out))
    n_found = 0
    for position in range(len(visited)):
        number = visits[position]
        if (n_found == len(out) and number < most[n_found - 1]) or visited[position] == start:
            continue
        name = names[visited[position]]
        if n_found < len(out):
            place = n_found
            n_found += 1
        elif _comes_before(number, name, most[n_found - 1], out[n_found - 1]):
            place = n_found - 1
        else:
            continue
        while place > 0 and _comes_before(number, name, most[place - 1], out[place - 1]):
            most[place], out[place] = most[place - 1], out[place - 1]
            place -= 1
        most[place], out[place] = number, name


@njit(nogil=True, cache=True)
def _comes_before(number: float, name: int, other_number: float, other_name: int) -> bool:
    return number > other_number or (number == other_number and name < other_name)
