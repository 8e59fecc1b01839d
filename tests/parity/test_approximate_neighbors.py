"""Nearest-neighbour descent, used for very large data, against exact neighbours."""

from __future__ import annotations

import numpy as np

from scbraid.graphs import neighbors
from scbraid.graphs.neighbors import nearest_neighbors


def test_approximate_search_finds_nearly_all_and_repeats_itself(monkeypatch):
    points = np.random.default_rng(0).normal(size=(700, 13)).astype(np.float32)
    exact = nearest_neighbors(points, n_neighbors=30)
    monkeypatch.setattr(neighbors, "EXACT_UP_TO", 100)
    first, second = (nearest_neighbors(points, n_neighbors=30, seed=1) for _ in range(2))
    assert np.array_equal(first.indices, second.indices)
    assert not np.any(first.indices == np.arange(len(points))[:, None])
    shared = [len(np.intersect1d(one, other)) for one, other in zip(exact.indices, first.indices)]
    assert np.mean(shared) > 0.98 * 30
