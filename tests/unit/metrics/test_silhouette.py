from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples as reference

from scbraid.metrics.by_label import mean_over_labels
from scbraid.metrics.silhouette import batch_overlap, scaled_mean, silhouette_samples


def silhouette_batch(embedding: np.ndarray, labels: np.ndarray, batch: np.ndarray) -> float | None:
    return mean_over_labels(batch_overlap(embedding, labels, batch), labels)


@pytest.fixture(scope="module")
def embedding() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(500, 9)).astype(np.float32)


def test_widths_equal_sklearn_with_a_cluster_of_one_cell(embedding):
    clusters = np.random.default_rng(1).integers(0, 5, 500)
    clusters[0] = 5
    expected = reference(embedding.astype(np.float64), clusters)
    np.testing.assert_allclose(silhouette_samples(embedding, clusters), expected, atol=1e-6)


def test_widths_do_not_suffer_from_a_distant_origin(embedding):
    clusters = np.random.default_rng(1).integers(0, 5, 500)
    moved = np.round(embedding * 1024) / 1024 + np.float32(4096)
    expected = reference((moved - 4096).astype(np.float64), clusters)
    np.testing.assert_allclose(silhouette_samples(moved, clusters), expected, atol=1e-6)


def test_unused_cluster_numbers_change_nothing(embedding):
    clusters = np.random.default_rng(1).integers(0, 3, 500)
    assert np.array_equal(silhouette_samples(embedding, clusters), silhouette_samples(embedding, 2 * clusters))


def test_points_on_a_line_have_known_widths():
    embedding = np.array([[0.0], [1], [10], [11]])
    widths = silhouette_samples(embedding, np.array([0, 0, 1, 1]))
    expected = [1 - 1 / 10.5, 1 - 1 / 9.5, 1 - 1 / 9.5, 1 - 1 / 10.5]
    np.testing.assert_allclose(widths, expected, rtol=1e-7)
    assert scaled_mean(widths) == pytest.approx((np.mean(expected) + 1) / 2)


def test_duplicates_have_width_zero():
    assert np.all(silhouette_samples(np.full((6, 2), 0.1), np.array([0, 0, 0, 1, 1, 1])) == 0)


def test_batch_silhouette_averages_labels_not_cells():
    embedding = np.array([[0.0], [1], [10], [11], [0], [0], [0], [0], [0], [0], [0], [0]])
    labels = np.array([0] * 4 + [1] * 8)
    batch = np.array([0, 0, 1, 1] + [0, 1] * 4)
    separate = np.mean([1 / 10.5, 1 / 9.5])
    assert silhouette_batch(embedding, labels, batch) == pytest.approx((separate + 1) / 2)


def test_batch_silhouette_skips_labels_of_one_batch_and_batches_of_one_cell():
    embedding = np.random.default_rng(0).normal(size=(6, 2))
    assert silhouette_batch(embedding, np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 0, 1, 2])) is None
