from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from scbraid.metrics.pcr import pcr, variance_explained


def by_regression(embedding: np.ndarray, batch: np.ndarray) -> float:
    model = PCA(n_components=min(50, *embedding.shape), svd_solver="full").fit(embedding)
    components, design = model.transform(embedding), np.eye(batch.max() + 1)[batch]
    shares = [LinearRegression().fit(design, column).score(design, column) for column in components.T]
    return float(np.sum(shares * model.explained_variance_) / model.explained_variance_.sum())


@pytest.mark.parametrize("n_dimensions", [5, 50, 80])
def test_closed_form_equals_regression_on_components(n_dimensions):
    rng = np.random.default_rng(0)
    batch = rng.integers(0, 3, 200)
    embedding = rng.normal(size=(200, n_dimensions)) * rng.uniform(0.1, 3, n_dimensions) + 0.8 * batch[:, None]
    assert variance_explained(embedding, batch) == pytest.approx(by_regression(embedding, batch), abs=1e-10)


def test_batch_is_all_or_nothing_of_the_variance():
    batch = np.array([0, 0, 1, 1])
    assert variance_explained(np.array([[1.0], [1], [5], [5]]), batch) == 1
    assert variance_explained(np.array([[1.0], [5], [1], [5]]), batch) == 0
    assert variance_explained(np.ones((4, 2)), batch) == 0


def test_score_is_the_share_removed_and_never_negative():
    batch = np.array([0, 0, 1, 1])
    separate, mixed = np.array([[1.0], [1], [5], [5]]), np.array([[1.0], [5], [1], [5]])
    half = np.column_stack([separate, mixed])
    assert pcr(separate, mixed, batch) == 1
    assert pcr(separate, half, batch) == 0.5
    assert pcr(half, separate, batch) == 0
    assert pcr(separate, separate, batch) == 0
    assert pcr(mixed, separate, batch) is None
