from __future__ import annotations

import random

import igraph
import numpy as np
import pytest
from scipy import sparse

from scbraid.metrics.clustering import RESOLUTIONS, best_partition, leiden
from scbraid.metrics.connectivity import graph_connectivity
from scbraid.neighbors import connectivities, nearest_neighbors


def graph_of(edges: list[tuple[int, int]], n_cells: int) -> sparse.csr_matrix:
    row, column = np.array(edges).T
    upper = sparse.coo_matrix((np.ones(len(edges)), (row, column)), shape=(n_cells, n_cells))
    return (upper + upper.T).tocsr()


def test_connectivity_is_the_largest_part_of_each_label():
    graph = graph_of([(0, 1), (1, 2), (2, 3), (4, 5), (6, 7), (3, 4)], 8)
    labels = np.array([0, 0, 1, 0, 1, 1, 1, 1])  # label 0: {0, 1}, {3}; label 1: {2}, {4, 5}, {6, 7}
    assert graph_connectivity(graph, labels) == pytest.approx((2 / 3 + 2 / 5) / 2)


def test_connected_labels_score_one():
    assert graph_connectivity(graph_of([(0, 1), (1, 2), (2, 3)], 4), np.array([0, 0, 1, 1])) == 1


def test_leiden_separates_cliques_and_is_deterministic():
    cliques = [(i + s, j + s) for s in (0, 6, 12) for i in range(6) for j in range(i)]
    graph = graph_of([*cliques, (0, 6), (6, 12)], 18)
    truth = np.repeat([0, 1, 2], 6)
    first, second = leiden(graph, [0.5, 1.0], seed=3), leiden(graph, [0.5, 1.0], seed=3)
    assert all(np.array_equal(one, other) for one, other in zip(first, second))
    assert first[1].tolist() == truth.tolist()
    assert np.array_equal(best_partition([np.zeros(18, dtype=int), truth], truth), truth)


def test_leiden_leaves_igraph_on_the_generator_of_python():
    random.seed(0)
    before = igraph.Graph.Erdos_Renyi(n=50, m=100).get_edgelist()
    leiden(graph_of([(0, 1), (1, 2)], 3))
    random.seed(0)
    assert igraph.Graph.Erdos_Renyi(n=50, m=100).get_edgelist() == before


def test_more_resolution_gives_more_clusters():
    points = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    partitions = leiden(connectivities(nearest_neighbors(points)), seed=0)
    assert RESOLUTIONS[0] == 0.1
    assert RESOLUTIONS[-1] == 2.0
    assert len(RESOLUTIONS) == len(partitions) == 20
    assert partitions[0].max() < partitions[9].max() < partitions[19].max()
