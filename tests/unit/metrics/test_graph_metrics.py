from __future__ import annotations

import random

import igraph
import numpy as np
import pytest
from scipy import sparse

from scbraid.graphs.leiden import leiden
from scbraid.graphs.neighbors import connectivities, nearest_neighbors
from scbraid.metrics.by_label import mean_over_labels
from scbraid.metrics.clustering import best_partition, kmeans
from scbraid.metrics.connectivity import in_largest_part
from scbraid.metrics.sample import PROFILES


def graph_of(edges: list[tuple[int, int]], n_cells: int) -> sparse.csr_matrix:
    row, column = np.array(edges).T
    upper = sparse.coo_matrix((np.ones(len(edges)), (row, column)), shape=(n_cells, n_cells))
    return (upper + upper.T).tocsr()


def test_connectivity_is_the_largest_part_of_each_label():
    graph = graph_of([(0, 1), (1, 2), (2, 3), (4, 5), (6, 7), (3, 4)], 8)
    labels = np.array([0, 0, 1, 0, 1, 1, 1, 1])  # label 0: {0, 1}, {3}; label 1: {2}, {4, 5}, {6, 7}
    inside = in_largest_part(graph, labels)
    assert inside.tolist() == [1, 1, 0, 0, 1, 1, 0, 0]  # of equally large parts the first
    assert mean_over_labels(inside, labels) == pytest.approx((2 / 3 + 2 / 5) / 2)


def test_connected_labels_score_one():
    assert in_largest_part(graph_of([(0, 1), (1, 2), (2, 3)], 4), np.array([0, 0, 1, 1])).tolist() == [1, 1, 1, 1]


def test_leiden_separates_cliques_and_is_deterministic():
    cliques = [(i + s, j + s) for s in (0, 6, 12) for i in range(6) for j in range(i)]
    graph = graph_of([*cliques, (0, 6), (6, 12)], 18)
    truth = np.repeat([0, 1, 2], 6)
    first, second = leiden(graph, [0.5, 1.0], seed=3), leiden(graph, [0.5, 1.0], seed=3)
    assert np.array_equal(first, second)
    assert first[:, 1].tolist() == truth.tolist()
    assert np.array_equal(best_partition(np.column_stack([np.zeros(18, dtype=int), truth]), truth), truth)


def test_leiden_leaves_igraph_on_the_generator_of_python():
    random.seed(0)
    before = igraph.Graph.Erdos_Renyi(n=50, m=100).get_edgelist()
    leiden(graph_of([(0, 1), (1, 2)], 3), [1.0])
    random.seed(0)
    assert igraph.Graph.Erdos_Renyi(n=50, m=100).get_edgelist() == before


def test_more_resolution_gives_more_clusters():
    points = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    resolutions = PROFILES["full"].resolutions
    partitions = leiden(connectivities(nearest_neighbors(points)), resolutions, seed=0)
    assert resolutions[0] == 0.1
    assert resolutions[-1] == 2.0
    assert partitions.shape == (300, 20)
    assert partitions[:, 0].max() < partitions[:, 9].max() < partitions[:, 19].max()


def test_kmeans_finds_planted_clusters_in_any_order_of_the_cells():
    truth = np.repeat([0, 1, 2], 50)
    points = np.random.default_rng(0).normal(size=(150, 3)) + 20 * truth[:, None]
    order = np.random.default_rng(1).permutation(150)
    for cells in (np.arange(150), order):
        clusters = kmeans(points[cells], 3)
        assert len(set(zip(clusters.tolist(), truth[cells].tolist()))) == len(set(clusters.tolist())) == 3
