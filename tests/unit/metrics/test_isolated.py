from __future__ import annotations

import numpy as np
import pytest

from scbraid.metrics.isolated import isolated_label_f1, isolated_label_silhouette, isolated_labels

#                  label 0 in three batches, 1 in two, 2 in one, 3 in one
LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 3])
BATCH = np.array([0, 1, 2, 0, 1, 2, 2, 0])


def test_labels_of_the_fewest_batches_are_isolated():
    assert isolated_labels(LABELS, BATCH).tolist() == [2, 3]
    assert isolated_labels(LABELS[:5], BATCH[:5]).tolist() == [1]


def test_no_label_is_isolated_where_all_are_in_every_batch():
    assert isolated_labels(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).tolist() == []


def test_f1_takes_the_best_cluster_of_the_best_partition():
    coarse = np.array([0, 0, 0, 0, 0, 1, 1, 1])  # label 2: F1 = 2 * 2 / (3 + 2)
    fine = np.array([0, 0, 0, 0, 1, 1, 2, 3])  # label 3: F1 = 1
    assert isolated_label_f1(np.column_stack([coarse, fine]), LABELS, np.array([2, 3])) == pytest.approx((0.8 + 1) / 2)


def test_silhouette_averages_within_and_then_over_isolated_labels():
    widths = np.array([9, 9, 9, 9, 9, 0.2, 0.4, -1])
    assert isolated_label_silhouette(widths, LABELS, np.array([2, 3])) == pytest.approx((0.65 + 0) / 2)


def test_without_a_cell_of_an_isolated_label_there_is_no_score():
    kept = LABELS < 2
    assert isolated_label_f1(LABELS[kept, None], LABELS[kept], np.array([2, 3])) is None
    assert isolated_label_silhouette(np.ones(kept.sum()), LABELS[kept], np.array([2, 3])) is None
