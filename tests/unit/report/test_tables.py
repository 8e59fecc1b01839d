"""Tables of the report."""

from __future__ import annotations

import math

import pandas as pd

from scbraid.report.sections.scores import intervals, score_columns
from unit.benchmark.standing import standing


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
