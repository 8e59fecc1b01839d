from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, f1_score, normalized_mutual_info_score

from scbraid.metrics.agreement import ari, best_f1, nmi

LABELS = np.repeat([0, 1, 2], 20)


def test_the_same_partition_under_other_names_scores_one():
    assert nmi(2 - LABELS, LABELS) == pytest.approx(1, abs=1e-12)
    assert ari(2 - LABELS, LABELS) == 1


def test_a_single_cluster_tells_nothing():
    assert nmi(np.zeros(60, dtype=int), LABELS) == 0
    assert ari(np.zeros(60, dtype=int), LABELS) == 0


@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_sklearn(seed):
    rng = np.random.default_rng(seed)
    clusters, labels = rng.integers(0, 7, 500), rng.integers(0, 4, 500)
    clusters[labels == 2] = 3
    assert nmi(clusters, labels) == pytest.approx(normalized_mutual_info_score(labels, clusters), abs=1e-12)
    assert ari(clusters, labels) == pytest.approx(adjusted_rand_score(labels, clusters), abs=1e-12)
    expected = max(f1_score(labels == 2, clusters == cluster) for cluster in range(7))
    assert best_f1(clusters, labels == 2) == pytest.approx(expected, abs=1e-12)


def test_ari_counts_pairs_of_many_cells_without_overflow():
    labels = np.repeat([0, 1], 3_000_000)
    assert ari(labels, labels) == 1
