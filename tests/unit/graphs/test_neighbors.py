from __future__ import annotations

import zipfile

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from scbraid.graphs.fuzzy import memberships
from scbraid.graphs.neighbors import Neighbors, _without_self, connectivities, nearest_neighbors


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(700, 13)).astype(np.float32)


@pytest.mark.parametrize("n_dimensions", [1, 3, 4, 13])
def test_exact_search_equals_brute_force(points, n_dimensions):
    embedding = points[:, :n_dimensions]
    found = nearest_neighbors(embedding, n_neighbors=90)
    distances, indices = NearestNeighbors(n_neighbors=90, algorithm="brute").fit(embedding).kneighbors()
    assert found.indices.dtype == np.int32
    assert found.distances.dtype == np.float32
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5, atol=1e-6)
    assert np.mean(found.indices == indices) > 0.998  # near ties in float32 may swap


def test_threads_do_not_change_the_result(points, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    one = nearest_neighbors(points)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    three = nearest_neighbors(points)
    assert np.array_equal(one.indices, three.indices)
    assert np.array_equal(one.distances, three.distances)


def test_duplicates_are_neighbours_at_zero_and_the_cell_itself_is_not():
    embedding = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    found = nearest_neighbors(embedding, n_neighbors=3)
    assert not np.any(found.indices == np.arange(12)[:, None])
    assert np.all(found.distances == 0)
    assert found.indices[5].tolist() == [4, 6, 7]


def test_fewer_cells_give_fewer_neighbours(points):
    assert nearest_neighbors(points[:5]).indices.shape == (5, 4)


def test_one_cell_and_values_not_finite_are_refused(points):
    with pytest.raises(ValueError, match="at least two cells"):
        nearest_neighbors(points[:1])
    broken = points.copy()
    broken[3, 2] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        nearest_neighbors(broken)


def test_the_cell_itself_is_dropped_wherever_the_approximate_search_puts_it():
    indices = np.array([[0, 1, 2], [0, 1, 2], [0, 1, 3]])
    distances = np.array([[0.0, 1, 2], [0, 0, 2], [1, 2, 3]])
    found = _without_self(indices, distances)
    assert found.indices.tolist() == [[1, 2], [0, 2], [0, 1]]
    assert found.distances.tolist() == [[1, 2], [0, 2], [1, 2]]


def test_file_has_the_same_content_and_the_same_bytes(points, tmp_path):
    found = nearest_neighbors(points, n_neighbors=7)
    found.save(tmp_path / "first.npz")
    found.save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.npz") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}  # no time of writing
    loaded = Neighbors.load(tmp_path / "first.npz")
    assert np.array_equal(loaded.indices, found.indices)
    assert np.array_equal(loaded.distances, found.distances)
    assert loaded.indices.dtype == np.int32
    assert loaded.distances.dtype == np.float32


def test_connectivities_are_symmetric_with_the_nearest_neighbour_at_one(points):
    found = nearest_neighbors(points)
    graph = connectivities(found, n_neighbors=15)
    assert abs(graph - graph.T).max() == 0
    assert graph.diagonal().max() == 0
    assert graph.data.min() > 0
    assert graph.data.max() <= 1
    np.testing.assert_allclose(np.asarray(graph[np.arange(700), found.indices[:, 0]]).ravel(), 1)


def test_directed_memberships_of_a_cell_sum_to_log2_of_the_neighbourhood(points):
    weights = memberships(nearest_neighbors(points, n_neighbors=14).distances)
    np.testing.assert_allclose(weights.sum(axis=1), np.log2(15), atol=2e-5)


def test_connectivities_of_far_groups_do_not_touch():
    rng = np.random.default_rng(0)
    embedding = np.concatenate([rng.normal(size=(40, 3)), 1000 + rng.normal(size=(40, 3))]).astype(np.float32)
    graph = connectivities(nearest_neighbors(embedding, n_neighbors=20))
    assert graph[:40, 40:].nnz == 0
