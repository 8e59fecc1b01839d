"""Fuzzy set memberships of the nearest neighbours of every cell (UMAP; McInnes et al. 2018, algorithm 3)."""

from __future__ import annotations

import numpy as np
from numba import float32, njit

from scbraid.parallel import over_rows

_TOLERANCE = 1e-5
_SMALLEST_SCALE = 1e-3
_MAX_STEPS = 64


def memberships(distances: np.ndarray) -> np.ndarray:
    """Weigh the neighbours of every cell by ``exp(-max(0, distance - rho) / sigma)``.

    ``rho`` is the smallest distance above zero of the cell; ``sigma`` makes the weights of a neighbourhood sum to
    log2 of its size, the cell itself counted in the size but not in the sum.

    Parameters
    ----------
    distances
        float32, cells x neighbours, ascending, the cell itself left out.

    Returns
    -------
    float32, cells x neighbours, values from 0 to 1.
    """
    distances = np.ascontiguousarray(distances, dtype=np.float32)
    n_cells, n_others = distances.shape
    mean_distance = np.float32(distances.sum(dtype=np.float64) / (n_cells * (n_others + 1)))
    weights = np.empty_like(distances)
    over_rows(_membership_kernel, n_cells, distances, np.float32(np.log2(n_others + 1)), mean_distance, weights)
    return weights


@njit(nogil=True, cache=True, locals={"rho": float32, "sigma": float32, "floor": float32})
def _membership_kernel(
    start: int, stop: int, distances: np.ndarray, target: np.float32, mean_distance: np.float32, weights: np.ndarray
) -> None:
    n_others = distances.shape[1]
    for i in range(start, stop):
        row = distances[i]
        rho = np.float32(0.0)
        for distance in row:
            if distance > 0.0:
                rho = distance
                break
        sigma = _scale(row, rho, target)
        floor = mean_distance
        if rho > 0.0:
            floor = row.sum() / np.float32(n_others + 1)
        sigma = max(sigma, np.float32(_SMALLEST_SCALE) * floor)
        for j in range(n_others):
            beyond = row[j] - rho
            weights[i, j] = 1.0 if beyond <= 0.0 or sigma == 0.0 else np.exp(-(beyond / sigma))


@njit(
    nogil=True,
    cache=True,
    locals={"low": float32, "high": float32, "scale": float32, "total": float32, "infinity": float32},
)
def _scale(row: np.ndarray, rho: np.float32, target: np.float32) -> np.float32:
    """Bisect for the scale at which the weights of a row sum to the target."""
    infinity = np.float32(np.inf)
    low, high, scale = np.float32(0.0), infinity, np.float32(1.0)
    for _ in range(_MAX_STEPS):
        total = np.float32(0.0)
        for distance in row:
            beyond = distance - rho
            total += np.exp(-(beyond / scale)) if beyond > 0.0 else np.float32(1.0)
        if abs(total - target) < _TOLERANCE:
            break
        if total > target:
            high = scale
            scale = (low + high) / np.float32(2.0)
        else:
            low = scale
            scale = scale * np.float32(2.0) if high == infinity else (low + high) / np.float32(2.0)
    return scale
