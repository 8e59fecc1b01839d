"""Metrics against values that scib-metrics 0.5.10 gave (JAX, not needed here): see scib_metrics_values.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parity.cells import codes
from scbraid.metrics.kbet import SIGNIFICANCE, batch_test
from scbraid.metrics.lisi import lisi, neighbor_probabilities

TABLE = pd.read_csv(Path(__file__).with_name("scib_metrics_values.tsv"), sep="\t")
EXPECTED = TABLE.set_index(["dataset", "embedding", "metric"])["value"]
TOLERANCE = {
    "silhouette_label": 1e-6,  # same definition, float64 there, float32 distances here
    "silhouette_batch": 1e-6,  # the same
    "bras": 1e-6,  # the same
    "isolated_label_silhouette": 1e-6,  # the same
    "pcr": 1e-6,  # same definition
    "ilisi": 0.005,  # approximate neighbours there, the cell itself is one of the 90
    "clisi": 0.005,  # the same
    "kbet": 0.06,  # another definition: neighbours by diffusion maps there, by random walks as in scIB here
}


@pytest.mark.parametrize("metric", TOLERANCE)
def test_value(case, metric):
    expected = EXPECTED[case.dataset, case.how, metric]
    assert case.scores[metric] == pytest.approx(expected, abs=TOLERANCE[metric])


def test_kbet_of_the_same_neighbourhoods(case):
    expected = EXPECTED[case.dataset, case.how, "kbet_of_walks"]
    assert case.scores["kbet"] == pytest.approx(expected, abs=1e-6)  # same walks, same test


def test_batch_test_of_the_nearest_cells(case):
    accepted = batch_test(case.neighbors.indices[:, :50], codes(case.adata, "batch")) >= SIGNIFICANCE
    expected = EXPECTED[case.dataset, case.how, "accepted"]
    assert accepted.mean() == pytest.approx(expected, abs=1e-6)  # same neighbourhoods, same test


@pytest.mark.parametrize(("column", "metric"), [("batch", "lisi_batch"), ("cell_type", "lisi_label")])
def test_lisi_of_the_same_neighbours(case, column, metric):
    neighbors = case.neighbors
    found = lisi(neighbors.indices, neighbor_probabilities(neighbors.distances), codes(case.adata, column))
    expected = EXPECTED[case.dataset, case.how, metric]
    assert np.mean(found) == pytest.approx(expected, abs=1e-6)  # same bisection in float64
