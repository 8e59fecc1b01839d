"""Local inverse Simpson index, LISI (Korsunsky et al. 2019)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from scbraid.metrics.statistic import Statistic
from scbraid.parallel import over_rows

if TYPE_CHECKING:
    from scbraid.metrics.cells import Cells

_TOLERANCE = 1e-5
_MAX_STEPS = 50


def neighbor_probabilities(distances: np.ndarray, perplexity: float | None = None) -> np.ndarray:
    """Weigh the neighbours of every cell by a Gaussian-like kernel of fixed perplexity.

    Parameters
    ----------
    distances
        Cells x neighbours.
    perplexity
        Effective number of neighbours; by default a third of the neighbours (30 of 90).

    Returns
    -------
    float64, cells x neighbours; every row sums to 1.
    """
    distances = np.ascontiguousarray(distances, dtype=np.float64)
    perplexity = max(distances.shape[1] // 3, 1) if perplexity is None else perplexity
    weights = np.empty_like(distances)
    over_rows(_probability_kernel, len(distances), distances, np.log(perplexity), weights)
    return weights


def lisi(indices: np.ndarray, probabilities: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Effective number of categories in the neighbourhood of every cell.

    Parameters
    ----------
    indices
        Neighbours, cells x neighbours.
    probabilities
        Their weights (see :func:`neighbor_probabilities`).
    categories
        Integers from 0, one a cell.

    Returns
    -------
    float64 from 1 to the number of categories, one a cell.
    """
    n_categories = int(categories.max()) + 1
    scores = np.empty(len(indices))
    over_rows(_lisi_kernel, len(indices), indices, probabilities, categories.astype(np.int64), n_categories, scores)
    return scores


def ilisi(scores: np.ndarray, n_batches: int) -> float:
    """Scale the median LISI of batches to 0 (separate) to 1 (mixed)."""
    return float(np.clip((np.median(scores) - 1) / (n_batches - 1), 0, 1))


def clisi(scores: np.ndarray, n_labels: int) -> float:
    """Scale the median LISI of labels to 0 (mixed) to 1 (pure neighbourhoods)."""
    return float(np.clip((n_labels - np.median(scores)) / (n_labels - 1), 0, 1))


def neighbor_probabilities_of(cells: Cells) -> np.ndarray:
    """Weights of the neighbours of some cells."""
    return neighbor_probabilities(cells.neighbors.distances)


def lisi_of(cells: Cells, categories: np.ndarray) -> np.ndarray:
    """LISI of every cell."""
    return lisi(cells.neighbors.indices, cells.once(neighbor_probabilities_of), categories)


def ilisi_statistic(cells: Cells) -> Statistic:
    """LISI of batches."""
    return Statistic(partial(ilisi, n_batches=cells.n_batches), (lisi_of(cells, cells.batch),))


def clisi_statistic(cells: Cells) -> Statistic:
    """LISI of labels."""
    return Statistic(partial(clisi, n_labels=cells.n_labels), (lisi_of(cells, cells.labels),))


@njit(nogil=True, cache=True)
def _probability_kernel(
    start: int, stop: int, distances: np.ndarray, log_perplexity: float, weights: np.ndarray
) -> None:
    n_neighbors = distances.shape[1]
    for i in range(start, stop):
        row, out = distances[i], weights[i]
        low, high, beta = -np.inf, np.inf, 1.0
        step = 0
        while True:
            total, moment = 0.0, 0.0
            for j in range(n_neighbors):
                out[j] = np.exp(-row[j] * beta)
                total += out[j]
                moment += row[j] * out[j]
            entropy = np.log(total) + beta * moment / total if total > 0.0 else 0.0
            excess = entropy - log_perplexity
            if abs(excess) <= _TOLERANCE or step == _MAX_STEPS:
                break
            if excess > 0:
                low = beta
                beta = beta * 2 if high == np.inf else (beta + high) / 2
            else:
                high = beta
                beta = beta / 2 if low == -np.inf else (beta + low) / 2
            step += 1
        if total == 0.0:  # so many nearest cells at one distance that no kernel is narrow enough: these alone count
            for j in range(n_neighbors):
                out[j] = 1.0 if row[j] == row[0] else 0.0
                total += out[j]
        for j in range(n_neighbors):
            out[j] = out[j] / total


@njit(nogil=True, cache=True)
def _lisi_kernel(
    start: int,
    stop: int,
    indices: np.ndarray,
    probabilities: np.ndarray,
    categories: np.ndarray,
    n_categories: int,
    scores: np.ndarray,
) -> None:
    shares = np.empty(n_categories)
    for i in range(start, stop):
        shares[:] = 0.0
        for j in range(indices.shape[1]):
            shares[categories[indices[i, j]]] += probabilities[i, j]
        scores[i] = 1.0 / np.sum(shares * shares)
