"""Graph methods: neighbours by shortest path, the graph in files, in subsets and in scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial.distance import cdist

from scbraid.graphs.from_graph import graph_neighbors
from scbraid.graphs.neighbors import Neighbors, connectivities, nearest_neighbors
from scbraid.metrics.cells import Cells
from scbraid.metrics.engine import score
from scbraid.metrics.lisi import lisi, neighbor_probabilities

if TYPE_CHECKING:
    from pathlib import Path

PART = 31  # cells of a small part of the graph: 30 neighbours each


def directed_distances(points: np.ndarray, n_neighbors: int = 4) -> sparse.csr_matrix:
    """Distances from every cell to its nearest ones."""
    found = nearest_neighbors(points, n_neighbors=n_neighbors)
    rows = np.repeat(np.arange(len(points)), n_neighbors)
    return sparse.csr_matrix((found.distances.ravel(), (rows, found.indices.ravel())), shape=(len(points),) * 2)


def weighted(distances: sparse.csr_matrix) -> sparse.csr_matrix:
    """Symmetric weights of the same edges."""
    weights = distances.maximum(distances.T).tocsr()
    weights.data = np.exp(-weights.data)
    return weights


def make_neighbors(points: np.ndarray, n_neighbors: int = 90) -> Neighbors:
    distances = directed_distances(points)
    return graph_neighbors(distances, weighted(distances), n_neighbors=n_neighbors)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def found(points: np.ndarray) -> Neighbors:
    return make_neighbors(points, n_neighbors=60)


def all_paths(points: np.ndarray) -> np.ndarray:
    return dijkstra(directed_distances(points), directed=False)


def assert_nearest(found: Neighbors, paths: np.ndarray) -> None:
    """Check that cells are at the distance that is told, and that none is nearer."""
    np.testing.assert_allclose(found.distances, np.take_along_axis(paths, found.indices, axis=1), rtol=1e-5)
    others = np.where(np.eye(len(paths), dtype=bool), np.inf, paths)
    np.testing.assert_allclose(found.distances, np.sort(others, axis=1)[:, : found.indices.shape[1]], rtol=1e-5)
    assert not (found.indices == np.arange(len(paths))[:, None]).any()


def test_neighbors_are_those_of_all_shortest_paths(found: Neighbors, points: np.ndarray) -> None:
    assert found.indices.shape == (400, 60)
    assert found.indices.dtype == np.int32
    assert found.distances.dtype == np.float32
    assert_nearest(found, all_paths(points))


def test_threads_do_not_change_the_neighbors(
    found: Neighbors, points: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    again = make_neighbors(points, n_neighbors=60)
    np.testing.assert_array_equal(again.indices, found.indices)
    np.testing.assert_array_equal(again.distances, found.distances)


def test_only_edges_of_the_graph_are_walked(points: np.ndarray) -> None:
    distances = directed_distances(points)
    trimmed = weighted(distances)
    trimmed.data[trimmed.data < np.median(trimmed.data)] = 0
    result = graph_neighbors(distances, trimmed, n_neighbors=1)
    lonely = np.asarray((trimmed > 0).sum(axis=1)).ravel() == 0
    assert 0 < lonely.sum() < 200
    assert (trimmed[np.arange(400), result.indices[:, 0]] > 0).sum() == (~lonely).sum()
    assert result.graph.nnz == (trimmed > 0).sum()


def test_edge_without_a_distance_joins_identical_cells() -> None:
    weights = sparse.csr_matrix(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0.0]]))
    distances = sparse.csr_matrix(np.array([[0, 0, 0], [0, 0, 2], [0, 0, 0.0]]))
    result = graph_neighbors(distances, weights)
    assert result.indices.tolist() == [[1, 2], [0, 2], [1, 0]]
    assert result.distances.tolist() == [[0, 2], [0, 2], [2, 2]]


def test_connectivities_must_be_symmetric(points: np.ndarray) -> None:
    distances = directed_distances(points)
    with pytest.raises(ValueError, match="symmetric"):
        graph_neighbors(distances, distances)


@pytest.fixture(scope="module")
def parted(points: np.ndarray) -> tuple[np.ndarray, Neighbors]:
    """A graph with a part of 31 cells, one of two and a cell without edges; the part of 31 comes first."""
    rng = np.random.default_rng(1)
    far = np.concatenate([rng.normal(100, 1, (PART, 3)), points, rng.normal(-100, 1e-3, (2, 3)), [[-100, 0, 0]]])
    distances = directed_distances(far.astype(np.float32)).tolil()
    distances[-3:] = 0
    distances[-3, -2] = 0.5
    distances = distances.tocsr()
    return far, graph_neighbors(distances, weighted(distances))


def test_cells_of_a_small_part_have_its_cells_repeated(parted: tuple[np.ndarray, Neighbors]) -> None:
    far, result = parted
    assert result.indices.shape == (len(far), 90)
    for cell in range(PART):
        names, times = np.unique(result.indices[cell], return_counts=True)
        assert names.tolist() == [other for other in range(PART) if other != cell]
        assert (times == 3).all()
    assert (np.diff(result.distances, axis=1) >= 0).all()
    assert (result.indices[-3] == len(far) - 2).all()
    assert (result.distances[-3] == 0.5).all()
    assert (result.indices[-1] == len(far) - 1).all()
    assert (result.distances[-1] == 0).all()


def test_lisi_of_a_small_part_is_that_of_the_part_alone(parted: tuple[np.ndarray, Neighbors]) -> None:
    far, result = parted
    batch = np.random.default_rng(0).integers(0, 2, len(far))
    scores = lisi(result.indices, neighbor_probabilities(result.distances), batch)
    alone = make_neighbors(far[:PART].astype(np.float32))
    assert alone.indices.shape == (PART, PART - 1)
    expected = lisi(alone.indices, neighbor_probabilities(alone.distances), batch[:PART])
    np.testing.assert_allclose(scores[:PART], expected, atol=1e-3)
    assert (scores[:PART] > 1.2).mean() > 0.9
    np.testing.assert_allclose(scores[-3:], 1)


def test_graph_in_parts_has_finite_scores(parted: tuple[np.ndarray, Neighbors]) -> None:
    far, result = parted
    n_cells = len(far)
    labels = np.array(["far"] * PART + ["near"] * 400 + ["alone"] * 3)
    batch = np.random.default_rng(0).choice(["a", "b"], n_cells)
    scores = score(Cells.of(np.empty((n_cells, 0)), batch=batch, labels=labels, neighbors=result, pca=far))
    values = scores.set_index("metric")["value"]
    assert {"nmi", "ari", "clisi", "ilisi", "kbet", "graph_connectivity"} <= set(values.index)
    assert "silhouette_label" not in values.index
    assert values.between(0, 1).all()
    assert values["clisi"] == 1
    assert values["graph_connectivity"] == pytest.approx((1 + 1 + 2 / 3) / 3)


def test_subset_has_the_nearest_kept_cells_and_the_edges_between_them(found: Neighbors, points: np.ndarray) -> None:
    kept = np.random.default_rng(0).random(400) < 0.6
    subset = found.subset(kept)
    assert subset.indices.shape == (kept.sum(), 60)
    assert_nearest(subset, all_paths(points)[kept][:, kept])
    assert (subset.graph != found.graph[kept][:, kept]).nnz == 0
    lengths = cdist(points[kept], points[kept])[subset.graph.nonzero()]
    np.testing.assert_allclose(subset.lengths, lengths, rtol=1e-4)


def test_subset_of_all_cells_changes_nothing(found: Neighbors) -> None:
    subset = found.subset(np.ones(400, dtype=bool))
    np.testing.assert_array_equal(subset.indices, found.indices)
    np.testing.assert_array_equal(subset.lengths, found.lengths)


def test_neighbors_in_an_embedding_have_no_subset(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="graph method"):
        nearest_neighbors(points).subset(np.ones(400, dtype=bool))


def test_scores_of_labelled_cells_rest_on_their_subset(found: Neighbors, points: np.ndarray) -> None:
    batch = np.random.default_rng(1).choice(["a", "b"], 400)
    labels = np.where(points[:, 0] > 0, "right", "left").astype(object)
    hidden = np.random.default_rng(0).random(400) < 0.3
    labels[hidden] = None
    partly = score(Cells.of(np.empty((400, 0)), batch=batch, labels=labels, neighbors=found, pca=points))
    kept = ~hidden
    alone = Cells.of(
        np.empty((kept.sum(), 0)),
        batch=batch[kept],
        labels=labels[kept],
        neighbors=found.subset(kept),
        pca=points[kept],
    )
    of_labels = partly["metric"] != "ilisi"
    np.testing.assert_array_equal(partly["value"][of_labels], score(alone)["value"][of_labels])


def test_file_keeps_the_graph_and_its_bytes(found: Neighbors, tmp_path: Path) -> None:
    found.save(tmp_path / "first.npz")
    found.save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    loaded = Neighbors.load(tmp_path / "first.npz")
    assert (loaded.graph != found.graph).nnz == 0
    assert loaded.graph.dtype == np.float32
    np.testing.assert_array_equal(loaded.lengths, found.lengths)
    np.testing.assert_array_equal(loaded.indices, found.indices)


def test_connectivities_are_those_of_the_method(found: Neighbors, points: np.ndarray) -> None:
    expected = weighted(directed_distances(points))
    for n_neighbors in (15, 50):
        np.testing.assert_allclose(connectivities(found, n_neighbors).toarray(), expected.toarray(), rtol=1e-6)
