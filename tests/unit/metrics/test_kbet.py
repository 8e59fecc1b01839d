from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from scbraid.graphs.diffusion import diffusion_neighbors
from scbraid.graphs.neighbors import connectivities, nearest_neighbors
from scbraid.metrics.by_label import mean_over_labels
from scbraid.metrics.kbet import accepted, batch_test


def kbet(graph: sparse.csr_matrix, labels: np.ndarray, batch: np.ndarray) -> float | None:
    return mean_over_labels(accepted(graph, labels, batch), labels)


def path(n_cells: int) -> sparse.csr_matrix:
    ones = np.ones(n_cells - 1)
    return sparse.diags_array([ones, ones], offsets=[-1, 1]).tocsr()


def graph_of(points: np.ndarray) -> sparse.csr_matrix:
    return connectivities(nearest_neighbors(points.astype(np.float32)), 50)


def test_p_values_equal_a_chi_squared_test():
    rng = np.random.default_rng(0)
    batch = rng.integers(0, 3, 100)
    neighborhoods = rng.integers(0, 100, (20, 15))
    expected = np.bincount(batch) / 100 * 15
    for members, p in zip(neighborhoods, batch_test(neighborhoods, batch)):
        observed = np.bincount(batch[members], minlength=3)
        assert p == pytest.approx(stats.chisquare(observed, expected).pvalue, abs=1e-12)


def test_walks_on_a_path_reach_both_sides_evenly():
    found = diffusion_neighbors(path(30), 4)
    assert found[15].tolist() == [14, 16, 13, 17]
    assert sorted(found[0].tolist()) == [1, 2, 3, 4]


def test_walks_go_on_until_every_cell_has_enough_neighbours():
    found = diffusion_neighbors(path(40), 8)
    assert sorted(found[0].tolist()) == list(range(1, 9))
    assert sorted(found[20].tolist()) == [16, 17, 18, 19, 21, 22, 23, 24]


def test_ties_do_not_depend_on_the_number_of_threads(monkeypatch):
    grid = np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2)
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(diffusion_neighbors(graph_of(grid), 20))
    assert np.array_equal(*found)


def test_walks_give_up_where_the_graph_is_too_long_or_too_small():
    assert diffusion_neighbors(path(200), 30) is None
    assert diffusion_neighbors(path(5), 5) is None


def test_mixed_batches_are_accepted_and_separate_ones_rejected():
    rng = np.random.default_rng(0)
    points, labels, batch = rng.normal(size=(400, 4)), np.repeat([0, 1], 200), np.tile([0, 1], 200)
    points[labels == 1] += 30
    assert kbet(graph_of(points), labels, batch) > 0.9
    points[batch == 1, 0] += 8
    assert kbet(graph_of(points), labels, batch) < 0.1


def test_label_in_too_many_parts_counts_as_rejected():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(60, 3)) + 1000 * part for part in range(3)])
    labels, batch = np.zeros(180, dtype=int), np.tile([0, 1, 2], 60)
    assert kbet(graph_of(points), labels, batch) > 0.9
    small = np.concatenate([rng.normal(size=(25, 3)) + 1000 * part for part in range(4)])
    graph = connectivities(nearest_neighbors(small.astype(np.float32), n_neighbors=12), 13)
    assert kbet(graph, np.zeros(100, dtype=int), np.tile([0, 1], 50)) == 0


def test_labels_of_one_batch_or_ten_cells_are_skipped():
    points = np.random.default_rng(0).normal(size=(30, 3))
    labels = np.repeat([0, 1], [20, 10])
    assert kbet(graph_of(points), labels, np.where(labels == 0, 0, np.arange(30) % 2)) is None
