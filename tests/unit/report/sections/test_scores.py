"""The section of scores: intervals, costs, charts, and which differences exceed the spread over seeds."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from scbraid.data.h5ad import read_obs
from scbraid.files import read_json, read_table, write_table
from scbraid.metrics import METRICS
from scbraid.report.sections.scores import intervals, score_columns
from scbraid.text import exact
from unit.benchmark.standing import standing


def scores_of(page) -> list[list[tuple[str, str | None]]]:
    return page.table("rank", "method", "total", "bio", "batch")


def test_time_memory_and_device_stand_at_the_end(blood) -> None:
    table = scores_of(blood.page())
    assert [text for text, _ in table[0][-3:]] == ["time", "memory", "device"]
    for row in table[1:]:
        facts = read_json(blood.folder / "blood" / "runs" / row[1][1] / "seed-0" / "run.json")
        assert float(row[-3][1]) == facts["seconds"]
        assert float(row[-2][1]) == facts["peak_ram_mb"]
        assert row[-1][0] == facts["device"] == "cpu"


@pytest.fixture
def with_intervals(make, tmp_path):
    """Results of two seeds; nmi has an interval of 0.1 to both sides, the other metrics have none."""
    results = make(tmp_path, seeds=(0, 3), n_cells=120)
    file = tmp_path / "blood" / "benchmark" / "metrics.tsv"
    metrics = read_table(file)
    is_nmi = metrics["metric"] == "nmi"
    write_table(
        metrics.assign(low=(metrics["value"] - 0.1).where(is_nmi), high=(metrics["value"] + 0.1).where(is_nmi)), file
    )
    return results, metrics[is_nmi].set_index(["method", "seed"])["value"]


def test_intervals_are_told_on_request(with_intervals) -> None:
    results, nmi = with_intervals
    told = [a["title"] for tag, a in results.page().tags if tag == "td" and "95 % interval" in a.get("title", "")]
    assert len(told) == nmi.index.get_level_values("method").nunique()
    ends = {
        seed: f"{nmi['scvi', seed] - 0.1:.3f} to {nmi['scvi', seed] + 0.1:.3f}".replace("-", "−") for seed in (0, 3)
    }
    summary = read_table(results.folder / "blood" / "benchmark" / "summary.tsv").set_index("method")
    mean = exact(summary.loc["scvi", "nmi"])
    assert f"{mean}, 95 % interval {ends[0]} (seed 0), {ends[3]} (seed 3)" in told


def test_charts_hold_every_scored_run(every_kind) -> None:
    page = every_kind.page()
    summary = read_table(every_kind.folder / "blood" / "benchmark" / "summary.tsv")
    scored = summary[summary["seeds"] > 0]
    tips = page.drawings["Bio conservation against batch correction on blood"]
    assert [tip.split(":")[0] for tip in tips] == scored["method"].tolist()
    tips = page.drawings["Total score against run time on blood"]
    assert [tip.split(":")[0] for tip in tips] == scored.loc[~scored["is_control"], "method"].tolist()


def test_data_without_labels_show_time_against_the_batch_score(make, tmp_path) -> None:
    page = make(tmp_path, datasets={"gbm": {"labels": (), "query": None}}, methods=("pca", "harmony")).page()
    assert "Batch score against run time on gbm" in page.drawings
    assert "Bio conservation against batch correction on gbm" not in page.drawings
    assert "Along a grey line" not in page.words()


def test_page_says_whether_metrics_were_scaled(make, tmp_path) -> None:
    results = make(tmp_path, n_cells=120)
    assert (
        "unscaled (Luecken et al. 2022). No metric was scaled over the methods before averaging."
        in results.page().words()
    )
    file = tmp_path / "blood" / "benchmark" / "summary.tsv"
    write_table(read_table(file).assign(scaled=True), file)
    words = results.page().words()
    assert "every metric was scaled to 0–1 over the methods" in words
    assert "scaled scores" in words
    assert "unscaled" not in words


def test_what_seeds_tell_apart_is_said(blood, make, tmp_path) -> None:
    assert "One seed each: how far scores spread over seeds is not known, so which differences" in blood.page().words()
    assert "Told apart: the difference of the total scores exceeds twice" in make(tmp_path, seeds=(0, 1)).page().words()


def test_metrics_outside_the_total_are_paler(blood) -> None:
    classes = [a["class"].split() for tag, a in blood.page().tags if tag == "td" and "heat" in a.get("class", "")]
    aside = sum(not metric.in_total for metric in METRICS.values())
    assert sum("aside" in names for names in classes) == 3 * aside


def test_scores_of_a_sample_say_so(make, blood, tmp_path) -> None:
    words = make(tmp_path, datasets={"blood": {"max_cells": 50}}).page().words()
    n_cells = len(read_obs(tmp_path / "blood" / "features" / "hvg.h5ad"))
    assert f"They rest on 50 of the {n_cells} cells, the same for all methods, drawn by batch and label." in words
    assert "They rest on" not in blood.page().words()


def metrics(*rows: tuple[str, int, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["method", "seed", "metric", "low", "high"])


def test_intervals_by_method_and_metric() -> None:
    found = intervals(
        metrics(
            ("pca", 0, "nmi", 0.1234, 0.25),
            ("pca", 0, "pcr", math.nan, math.nan),
            ("scvi", 0, "nmi", 0.5, 0.6),
            ("scvi", 4, "nmi", -0.01, 0.7),
        )
    )
    assert found == {
        ("pca", "nmi"): "0.123 to 0.250",
        ("scvi", "nmi"): "0.500 to 0.600 (seed 0), −0.010 to 0.700 (seed 4)",
    }


def test_no_intervals_without_a_bootstrap() -> None:
    assert intervals(metrics(("pca", 0, "nmi", 0.1, 0.2)).drop(columns=["low", "high"])) == {}


def test_columns_mark_metrics_outside_the_total() -> None:
    columns = score_columns(standing())
    assert [column.name for column in columns] == [
        "total",
        "bio",
        "batch",
        "nmi",
        "isolated_label_f1",
        "silhouette_batch",
        "ilisi",
    ]
    assert [column.title for column in columns if not column.in_total] == ["silhouette batch"]
