from __future__ import annotations

import numpy as np
import pytest

from scbraid.graphs.neighbors import connectivities, nearest_neighbors
from scbraid.metrics.trajectory import conservation, pseudotime_after

LABELS = np.repeat([0, 1, 2], 100)


def path(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Time of 300 cells along a curve, in order, and their positions."""
    time = np.linspace(0, 1, 300)
    curve = np.column_stack([10 * time, 3 * np.sin(3 * time), np.zeros(300)])
    return time, curve + 0.05 * np.random.default_rng(seed).normal(size=curve.shape)


def after(points: np.ndarray, time: np.ndarray, labels: np.ndarray = LABELS) -> np.ndarray | None:
    neighbors = nearest_neighbors(points.astype(np.float32), n_neighbors=60)
    return pseudotime_after(connectivities(neighbors, 60), time, labels)


def test_a_kept_path_is_conserved_in_either_direction():
    time, points = path()
    assert conservation(time, after(points, time)) > 0.99
    assert conservation(1 - time, after(points, 1 - time)) > 0.99


def test_a_shuffled_path_is_not():
    time, points = path()
    shuffled = np.random.default_rng(0).permutation(time)
    assert conservation(shuffled, after(points, shuffled)) == pytest.approx(0.5, abs=0.1)


def test_no_root_in_the_largest_part_gives_none():
    time, points = path()
    points[LABELS == 0] += 1000
    assert after(points, time) is None


def test_cells_outside_the_largest_part_have_time_zero():
    time, points = path()
    points[LABELS == 2] += 1000
    found = after(points, time)
    assert (found[LABELS == 2] == 0).all()
    assert conservation(time[LABELS < 2], found[LABELS < 2]) > 0.99


def test_too_few_cells_or_a_constant_pseudotime_have_no_score():
    time, points = path()
    assert after(points[:10], time[:10], LABELS[:10]) is None
    assert conservation(np.ones(5), np.arange(5)) is None
    assert conservation(np.arange(5), np.ones(5)) is None


def test_correlation_is_moved_to_zero_to_one():
    assert conservation(np.arange(5), np.arange(5) ** 2) == 1
    assert conservation(np.arange(5), -np.arange(5)) == pytest.approx(0)
