from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_distances

from scbraid.metrics.bras import batch_overlap
from scbraid.metrics.by_label import mean_over_labels


def bras(embedding: np.ndarray, labels: np.ndarray, batch: np.ndarray) -> float | None:
    return mean_over_labels(batch_overlap(embedding, labels, batch), labels)


def by_definition(embedding: np.ndarray, labels: np.ndarray, batch: np.ndarray) -> float:
    scores = []
    for label in np.unique(labels):
        cells = np.flatnonzero(labels == label)
        distances = cosine_distances(embedding[cells].astype(np.float64))
        widths = []
        for i, own in enumerate(batch[cells]):
            same = batch[cells] == own
            same[i] = False
            other = batch[cells] != own
            if not same.any():
                widths.append(0)
                continue
            a, b = distances[i, same].mean(), distances[i, other].mean()
            widths.append((b - a) / max(a, b))
        scores.append(1 - np.abs(widths).mean())
    return float(np.mean(scores))


def test_closed_form_equals_the_definition():
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(300, 6)) + 0.5
    labels, batch = rng.integers(0, 3, 300), rng.integers(0, 4, 300)
    batch[0] = 4
    embedding[5] = 0
    embedding[batch == 1] += 1
    assert bras(embedding, labels, batch) == pytest.approx(by_definition(embedding, labels, batch), abs=1e-10)


def test_opposite_batches_score_zero_and_duplicates_one():
    labels, batch = np.zeros(8, dtype=int), np.repeat([0, 1], 4)
    opposite = np.where(batch[:, None] == 0, 1.0, -1.0) * np.array([[1.0, 2.0]])
    assert bras(opposite, labels, batch) == 0
    assert bras(np.full((8, 3), 0.1), labels, batch) == 1


def test_length_of_vectors_does_not_count():
    rng = np.random.default_rng(0)
    embedding, batch = rng.normal(size=(100, 4)), rng.integers(0, 2, 100)
    labels = np.zeros(100, dtype=int)
    stretched = embedding * rng.uniform(0.1, 10, size=(100, 1))
    assert bras(embedding, labels, batch) == pytest.approx(bras(stretched, labels, batch), abs=1e-12)


def test_one_batch_has_no_score():
    assert bras(np.eye(4), np.zeros(4, dtype=int), np.zeros(4, dtype=int)) is None
