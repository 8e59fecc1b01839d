from __future__ import annotations

import numpy as np
import pytest

from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.metrics.lisi import clisi, ilisi, lisi, neighbor_probabilities


@pytest.fixture(scope="module")
def neighbors():
    return nearest_neighbors(np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32))


def test_probabilities_have_the_perplexity_asked_for(neighbors):
    weights = neighbor_probabilities(neighbors.distances)
    perplexity = np.exp(-np.sum(weights * np.log(weights), axis=1))
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(perplexity, 30, rtol=2e-5)
    assert np.all(np.diff(weights, axis=1) <= 0)


def test_scale_of_distances_does_not_count(neighbors):
    small, large = (neighbor_probabilities(neighbors.distances * scale) for scale in (1e-3, 1e4))
    np.testing.assert_allclose(small, large, atol=1e-5)


def test_equal_shares_count_categories_and_purity_counts_one():
    indices = np.tile(np.arange(12), (12, 1))
    weights = neighbor_probabilities(np.ones((12, 12)))
    np.testing.assert_allclose(weights, 1 / 12)
    np.testing.assert_allclose(lisi(indices, weights, np.arange(12) % 3), 3)
    np.testing.assert_allclose(lisi(indices, weights, np.zeros(12, dtype=int)), 1)


def test_duplicates_weigh_the_same():
    np.testing.assert_allclose(neighbor_probabilities(np.zeros((4, 9))), 1 / 9)


def test_medians_are_scaled_to_the_number_of_categories():
    assert ilisi(np.array([1.0, 1.5, 9.0]), n_batches=2) == 0.5
    assert clisi(np.array([1.0, 1.5, 9.0]), n_labels=3) == 0.75
    assert ilisi(np.array([1.0]), n_batches=2) == 0
    assert clisi(np.array([1.0]), n_labels=4) == 1


@pytest.mark.parametrize("far", [0.0, 1.0])
def test_many_cells_at_one_distance_count_alike(far):
    distances = np.tile(np.where(np.arange(90) < 45, 1.0, 1.0 + far), (3, 1))
    weights = neighbor_probabilities(distances)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert np.ptp(weights[0, :45]) == 0
    assert weights[0, 0] == pytest.approx(1 / 90 if far == 0 else 1 / 45, rel=0.02)
