from __future__ import annotations

import numpy as np
import pytest

from scbraid.metrics.pcr import pcr
from scbraid.metrics.statistic import Statistic


def test_interval_of_a_mean_is_that_of_theory():
    values = 0.5 + 0.1 * np.random.default_rng(0).normal(size=2_000)
    low, high = Statistic(np.mean, (values,)).interval(n_replicates=2_000, seed=0)
    error = 0.1 * 1.96 / np.sqrt(2_000)
    assert low == pytest.approx(values.mean() - error, abs=0.0006)
    assert high == pytest.approx(values.mean() + error, abs=0.0006)


def test_rows_of_several_arrays_are_drawn_together():
    values = np.arange(50.0)
    statistic = Statistic(lambda one, other: float(np.abs(one - other[:, 0]).max()), (values, values[:, None]))
    assert statistic.interval(n_replicates=20, seed=0) == (0, 0)


def test_chance_differences_between_batches_are_no_bias():
    rng = np.random.default_rng(0)
    embedding, batch = rng.normal(size=(200, 5)), np.tile([0, 1], 100)
    embedding[batch == 1] += embedding[batch == 0].mean(axis=0) - embedding[batch == 1].mean(axis=0)
    pca = embedding + 3 * batch[:, None]
    statistic = Statistic(pcr, (pca, embedding, batch))
    assert statistic.value() == pytest.approx(1)
    low, high = statistic.interval(n_replicates=100, seed=0)
    assert low < high == pytest.approx(1)


def test_the_seed_decides():
    statistic = Statistic(np.median, (np.random.default_rng(0).uniform(size=101),))
    assert statistic.interval(n_replicates=50, seed=1) == statistic.interval(n_replicates=50, seed=1)
    assert statistic.interval(n_replicates=50, seed=1) != statistic.interval(n_replicates=50, seed=2)


def test_without_quantities_of_cells_there_is_no_interval():
    assert np.isnan(Statistic(lambda: 0.5, ()).interval(n_replicates=5, seed=0)).all()


def test_intervals_hold_the_scores_and_shrink_with_more_cells(separated, mixed):
    for data in (mixed, separated):
        table = data.table(bootstrap=100).set_index("metric")
        assert (table["low"] <= table["value"]).all()
        assert (table["high"] >= table["value"]).all()
        assert table[["low", "high"]].stack().between(0, 1).all()
        plain = data.table().set_index("metric")["value"]
        assert table["value"].equals(plain)
    width = table["high"] - table["low"]
    fewer = separated.cells(np.arange(0, 600, 6)).table(bootstrap=100, metrics=["silhouette_label"])
    assert (fewer["high"] - fewer["low"]).item() > 1.5 * width["silhouette_label"]
