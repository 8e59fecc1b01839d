"""Means, spreads and ranks by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scbraid.benchmark.summary import differences, gather, ranking_score, scale_over_methods, summarize

GROUPS = {"nmi": "bio", "ari": "bio", "ilisi": "batch", "pcr": "batch", "silhouette_batch": "batch"}


def scores(**values: float) -> pd.DataFrame:
    return pd.DataFrame({"metric": list(values), "value": values.values(), "group": [GROUPS[name] for name in values]})


def facts(seconds: float = 1.0, ram: float = 100.0, device: str = "cpu", **changed: Any) -> dict[str, Any]:
    nature = {"is_control": False, "needs_labels": False, "is_graph": False, "failed": None}
    return {"seconds": seconds, "peak_ram_mb": ram, "device": device, "epochs": None} | nature | changed


SCORES = {
    ("scvi", 0): scores(nmi=0.8, ari=0.6, ilisi=0.5, pcr=0.7, silhouette_batch=0.0),
    ("scvi", 1): scores(nmi=0.6, ari=0.6, ilisi=0.3, pcr=0.7, silhouette_batch=1.0),
    ("pca", 0): scores(nmi=0.9, ari=0.7, ilisi=0.0, pcr=0.0, silhouette_batch=0.5),
}
RUNS = {
    ("scvi", 0): facts(10.0, 300.0, "cuda:0"),
    ("scvi", 1): facts(20.0, 500.0, "cpu"),
    ("pca", 0): facts(0.5),
}


def test_gathered_scores_are_those_of_the_runs() -> None:
    table = gather(SCORES)
    assert list(table.columns) == ["method", "seed", "metric", "group", "value"]
    assert len(table) == 15
    indexed = table.set_index(["method", "seed", "metric"])
    for (method, seed), given in SCORES.items():
        for row in given.itertuples():
            assert indexed.loc[(method, seed, row.metric), "value"] == row.value
            assert indexed.loc[(method, seed, row.metric), "group"] == row.group


def test_summary_by_hand() -> None:
    summary = summarize(gather(SCORES), RUNS).set_index("method")
    bio = {"scvi": [0.7, 0.6], "pca": [0.8]}
    batch = {"scvi": [0.6, 0.5], "pca": [0.0]}
    assert list(summary.index) == ["scvi", "pca"]
    assert list(summary["rank"]) == [1, 2]
    for method in ("scvi", "pca"):
        totals = 0.6 * np.array(bio[method]) + 0.4 * np.array(batch[method])
        assert summary.loc[method, "bio"] == pytest.approx(np.mean(bio[method]))
        assert summary.loc[method, "batch"] == pytest.approx(np.mean(batch[method]))
        assert summary.loc[method, "total"] == pytest.approx(totals.mean())
    assert summary.loc["scvi", "total_sd"] == pytest.approx(np.std([0.66, 0.56], ddof=1))
    assert summary.loc["scvi", "nmi"] == pytest.approx(0.7)
    assert summary.loc["scvi", "nmi_sd"] == pytest.approx(np.std([0.8, 0.6], ddof=1))
    assert summary.loc["scvi", "silhouette_batch"] == pytest.approx(0.5)
    assert summary.loc["pca", "nmi"] == 0.9
    assert np.isnan(summary.loc["pca", "nmi_sd"])
    assert list(summary["seeds"]) == [2, 1]
    assert list(summary["seconds"]) == [15.0, 0.5]
    assert list(summary["peak_ram_mb"]) == [400.0, 100.0]
    assert list(summary["device"]) == ["cpu, cuda:0", "cpu"]


def test_metrics_keep_their_order() -> None:
    columns = list(summarize(gather(SCORES), RUNS))
    assert columns[:10] == ["method", "rank", "total", "batch", "bio", "nmi", "ari", "silhouette_batch", "ilisi", "pcr"]


def test_order_of_runs_does_not_matter() -> None:
    turned = summarize(gather(dict(reversed(SCORES.items()))), dict(reversed(RUNS.items())))
    pd.testing.assert_frame_equal(turned, summarize(gather(SCORES), RUNS))


def test_equal_totals_share_a_rank() -> None:
    same = {(name, 0): scores(nmi=0.5, ilisi=0.5) for name in "ab"} | {("c", 0): scores(nmi=0.4, ilisi=0.5)}
    summary = summarize(gather(same), {run: facts() for run in same})
    assert list(summary["method"]) == ["a", "b", "c"]
    assert list(summary["rank"]) == [1, 1, 3]


def test_without_labels_the_batch_score_ranks() -> None:
    unlabelled = {("a", 0): scores(ilisi=0.2, pcr=0.2), ("b", 0): scores(ilisi=0.4, pcr=0.8)}
    summary = summarize(gather(unlabelled), {run: facts() for run in unlabelled}).set_index("method")
    assert list(summary.index) == ["b", "a"]
    assert summary.loc["b", "batch"] == pytest.approx(0.6)
    assert summary["total"].isna().all()
    assert summary["bio"].isna().all()


def test_metric_that_a_run_lacks_is_missing_not_zero() -> None:
    given = {("a", 0): scores(nmi=0.5, ilisi=0.5), ("b", 0): scores(nmi=0.5, ilisi=0.5, pcr=0.1)}
    summary = summarize(gather(given), {run: facts() for run in given}).set_index("method")
    assert np.isnan(summary.loc["a", "pcr"])
    assert summary.loc["a", "batch"] == 0.5
    assert summary.loc["b", "batch"] == pytest.approx(0.3)


@pytest.mark.parametrize(("metric", "group"), [("nmi", "bio"), ("ilisi", "batch")])
def test_one_group_alone_ranks(metric: str, group: str) -> None:
    metrics = gather(
        {
            (run, 0): pd.DataFrame({"metric": [metric], "value": [value], "group": [group]})
            for run, value in (("a", 0.2), ("b", 0.4))
        }
    )
    summary = summarize(metrics, {("a", 0): facts(), ("b", 0): facts()})
    assert ranking_score(summary) == group
    assert summary["method"].tolist() == ["b", "a"]
    assert summary["total"].isna().all()


def test_controls_and_failed_runs_take_no_part_in_the_ranking() -> None:
    none = pd.DataFrame(columns=["metric", "value", "group"])
    given = {
        ("bound", 0): scores(nmi=1.0, ilisi=1.0),
        ("broken", 0): none,
        ("a", 0): scores(nmi=0.5, ilisi=0.5),
        ("a", 1): none,
        ("b", 0): scores(nmi=0.6, ilisi=0.5),
    }
    runs = {run: facts() for run in given} | {
        ("bound", 0): facts(is_control=True),
        ("broken", 0): facts(device="none", failed="RuntimeError: no"),
        ("a", 1): facts(device="none", failed="RuntimeError: later"),
    }
    summary = summarize(gather(given), runs).set_index("method")
    assert list(summary.index) == ["b", "a", "bound", "broken"]
    assert summary["rank"].tolist() == [1, 2, pd.NA, pd.NA]
    assert summary["seeds"].tolist() == [1, 1, 1, 0]
    assert summary.loc["a", "total"] == 0.5
    assert summary.loc["a", "failed"] == "seed 1: RuntimeError: later"
    assert summary.loc["broken", "failed"] == "seed 0: RuntimeError: no"
    assert summary.loc["broken", ["total", "nmi", "seconds"]].isna().all()
    assert summary.loc["a", "device"] == "cpu"


def test_all_runs_failed() -> None:
    none = pd.DataFrame(columns=["metric", "value", "group"])
    summary = summarize(gather({("a", 0): none}), {("a", 0): facts(failed="KeyError: x")})
    assert summary["failed"].tolist() == ["seed 0: KeyError: x"]
    assert summary["rank"].isna().all()
    assert summary["total"].isna().all()


def test_intervals_are_carried_where_values_have_them() -> None:
    with_interval = scores(nmi=0.5, ilisi=0.4).assign(low=[0.4, math.nan], high=[0.6, math.nan], cells=90)
    table = gather({("a", 0): with_interval, ("b", 0): scores(nmi=0.7)})
    assert list(table.columns) == ["method", "seed", "metric", "group", "value", "low", "high"]
    assert table.loc[0, ["low", "high"]].tolist() == [0.4, 0.6]
    assert table.loc[1:, ["low", "high"]].isna().all(axis=None)


SPREAD_OUT = {
    ("a", 0): scores(nmi=0.9, ari=0.5, ilisi=0.2),
    ("a", 1): scores(nmi=0.7, ari=0.5, ilisi=0.2),
    ("b", 0): scores(nmi=0.4, ari=0.5, ilisi=0.6),
    ("c", 0): scores(nmi=0.6, ari=0.5, ilisi=0.3),
    ("bound", 0): scores(nmi=1.0, ari=1.0, ilisi=0.7),
}
OF_SPREAD_OUT = {run: facts(is_control=run[0] == "bound") for run in SPREAD_OUT}


def test_scaling_by_hand() -> None:
    scaled = scale_over_methods(gather(SPREAD_OUT), controls={"bound"})
    assert set(scaled["metric"]) == {"nmi", "ilisi"}  # methods do not differ in ari
    values = scaled.set_index(["method", "seed", "metric"])["value"]
    # nmi runs from 0.4 (b) to 0.8 (mean of a), ilisi from 0.2 (a) to 0.6 (b)
    expected = {"a": {"nmi": 1.25, "ilisi": 0.0}, "b": {"nmi": 0.0, "ilisi": 1.0}, "c": {"nmi": 0.5, "ilisi": 0.25}}
    for method, metrics in expected.items():
        for metric, value in metrics.items():
            assert values[method, 0, metric] == pytest.approx(value)
    assert values["a", 1, "nmi"] == pytest.approx(0.75)
    assert values["bound", 0, "nmi"] == pytest.approx(1.5)


def test_scaled_totals_are_told_and_raw_values_stay() -> None:
    metrics = gather(SPREAD_OUT)
    raw = summarize(metrics, OF_SPREAD_OUT).set_index("method")
    scaled = summarize(metrics, OF_SPREAD_OUT, scale=True).set_index("method")
    assert scaled["scaled"].all()
    assert not raw["scaled"].any()
    for metric in ("nmi", "ari", "ilisi", "nmi_sd"):
        pd.testing.assert_series_equal(scaled[metric], raw[metric].reindex(scaled.index))
    assert scaled.loc["a", ["bio", "batch", "total"]].tolist() == pytest.approx([1.0, 0.0, 0.6])
    assert scaled.loc["b", ["bio", "batch", "total"]].tolist() == pytest.approx([0.0, 1.0, 0.4])
    assert scaled.loc["c", ["bio", "batch", "total"]].tolist() == pytest.approx([0.5, 0.25, 0.4])
    assert raw.loc["b", "total"] == pytest.approx(0.6 * 0.45 + 0.4 * 0.6)
    assert list(raw.index) == ["b", "a", "c", "bound"]
    assert list(scaled.index) == ["a", "b", "c", "bound"]


def test_a_control_does_not_change_the_scale() -> None:
    metrics = gather(SPREAD_OUT)
    without = metrics[metrics["method"] != "bound"]
    alone = summarize(without, {run: f for run, f in OF_SPREAD_OUT.items() if run[0] != "bound"}, scale=True)
    beside = summarize(metrics, OF_SPREAD_OUT, scale=True)
    pd.testing.assert_series_equal(alone["total"], beside["total"].iloc[:3])


def standing(**methods: tuple[float, float]) -> pd.DataFrame:
    """Summary of methods with these totals and standard deviations, best first; a control besides."""
    table = pd.DataFrame([(name, *values) for name, values in methods.items()], columns=["method", "total", "total_sd"])
    table["rank"] = range(1, len(table) + 1)
    control = pd.DataFrame({"method": ["bound"], "total": [1.0], "total_sd": [0.0], "rank": [math.nan]})
    return pd.concat([table, control], ignore_index=True).assign(batch=0.5, bio=0.5)


def test_differences_pair_the_best_with_all_and_neighbours() -> None:
    found = differences(standing(a=(0.9, 0.03), b=(0.8, 0.04), c=(0.75, 0.0), d=(0.74, 0.0)))
    pairs = [(one.above, one.below) for one in found]
    assert pairs == [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("c", "d")]
    assert [one.lead for one in found] == pytest.approx([0.1, 0.15, 0.16, 0.05, 0.01])
    assert [one.spread for one in found] == pytest.approx([0.05, 0.03, 0.03, 0.04, 0.0])
    # 0.1 does not exceed twice 0.05
    assert [one.is_clear for one in found] == [False, True, True, False, True]


def test_deterministic_methods_have_no_spread_and_one_seed_tells_none() -> None:
    summary = standing(a=(0.9, math.nan), b=(0.8, 0.01), c=(0.7, math.nan))
    found = {(one.above, one.below): one for one in differences(summary, deterministic={"c"})}
    assert [one.is_known for one in found.values()] == [False, False, True]
    assert found["b", "c"].spread == 0.01
    assert not found["a", "c"].is_clear
    assert found["b", "c"].is_clear


def test_one_method_has_no_difference() -> None:
    assert differences(standing(a=(0.9, 0.1))) == []
    assert differences(standing()) == []
