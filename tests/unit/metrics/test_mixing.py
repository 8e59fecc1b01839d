from __future__ import annotations

import numpy as np
import pytest

from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.metrics.by_label import median_over_labels
from scbraid.metrics.mixing import mixing_within_labels


def within(points: np.ndarray, labels: np.ndarray, batch: np.ndarray) -> np.ndarray:
    points = points.astype(np.float32)
    return mixing_within_labels(points, nearest_neighbors(points), labels, batch)


@pytest.fixture(scope="module")
def cloud() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(600, 5))


def test_mixed_and_separate_labels_score_one_and_zero(cloud):
    labels, batch = np.repeat([0, 1], 300), np.tile([0, 1], 300)
    points = cloud.copy()
    points[(labels == 1) & (batch == 1)] += 50
    scores = within(points, labels, batch)
    assert np.median(scores[labels == 0]) > 0.9
    assert scores[labels == 1].max() < 1e-6
    assert median_over_labels(scores, labels) == pytest.approx(np.median(scores[labels == 0]) / 2)


def test_merging_labels_raises_ilisi_but_not_the_mixing_within_labels(cloud):
    labels = batch = np.repeat([0, 1], 300)  # each batch has one label: nothing to mix
    labels = labels.copy()
    labels[:30], labels[300:330] = 1, 0
    apart = cloud.copy()
    apart[batch == 1] += 50
    for points in (apart, np.zeros((600, 5)) + 0.001 * cloud):  # the second merges everything
        expected = within(points, labels, batch)
        alone = within(points[labels == 0], np.zeros(300, dtype=int), batch[labels == 0])
        np.testing.assert_allclose(expected[labels == 0], alone)


def test_small_labels_and_labels_of_one_batch_do_not_count(cloud):
    labels = np.repeat([0, 1, 2], [10, 290, 300])
    batch = np.where(labels == 2, 0, np.arange(600) % 2)
    scores = within(cloud, labels, batch)
    assert np.isnan(scores[labels != 1]).all()
    assert not np.isnan(scores[labels == 1]).any()


def test_names_of_batches_and_order_of_cells_do_not_matter(cloud):
    rng = np.random.default_rng(1)
    labels, batch, order = rng.integers(0, 2, 600), rng.integers(0, 3, 600), rng.permutation(600)
    scores = within(cloud, labels, batch)
    np.testing.assert_allclose(within(cloud[order], labels[order], 2 - batch[order]), scores[order], atol=1e-9)
