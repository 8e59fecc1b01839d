"""The section of scores: what stands in which column of its table, and the charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scbraid.metrics import GROUPS, METRICS
from scbraid.report.drawing.charts import score_charts
from scbraid.report.sections.answer import answer
from scbraid.text import decimals

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.report.reading.dataset import DatasetResults

CONTENTS = {"scores": "Scores"}
AGGREGATES = ("total", "bio", "batch")


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """One column of the score table."""

    name: str
    title: str
    group: str
    in_total: bool
    description: str


def view(dataset: DatasetResults) -> dict[str, Any]:
    """Prepare the table of all scores, and the charts that they allow."""
    return {
        "answer": answer(dataset.summary, name=dataset.name, config=dataset.config),
        "rows": dataset.summary.to_dict("records"),
        "groups": GROUPS,
        "columns": score_columns(dataset.summary),
        "intervals": intervals(dataset.metrics),
        "charts": score_charts(dataset.summary, name=dataset.name),
    }


def score_columns(summary: pd.DataFrame) -> list[ScoreColumn]:
    """Aggregate scores, total first, then the metrics that some run has."""
    descriptions = {
        "total": "0.6 × bio + 0.4 × batch",
        "bio": "Mean of the bio conservation metrics that count in the total",
        "batch": "Mean of the batch correction metrics that count in the total",
    }
    aggregates = [
        ScoreColumn(name=name, title=name, group="aggregate", in_total=True, description=descriptions[name])
        for name in AGGREGATES
        if summary[name].notna().any()
    ]
    metrics = [
        ScoreColumn(
            name=name,
            title=name.replace("_", " "),
            group=metric.group,
            in_total=metric.in_total,
            description=metric.description,
        )
        for group in GROUPS
        for name, metric in METRICS.items()
        if metric.group == group and name in summary
    ]
    return aggregates + metrics


def intervals(metrics: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Word the intervals of scores by method and metric, those of several seeds one after the other.

    Parameters
    ----------
    metrics
        From :func:`scbraid.benchmark.summary.gather`; values without an interval are left out.
    """
    if "low" not in metrics:
        return {}
    words: dict[tuple[str, str], str] = {}
    known = metrics.dropna(subset=["low", "high"])
    several = known.groupby("method")["seed"].nunique() > 1
    for row in known.itertuples():
        key = (row.method, row.metric)
        ends = f"{decimals(row.low)} to {decimals(row.high)}" + (f" (seed {row.seed})" if several[row.method] else "")
        words[key] = f"{words[key]}, {ends}" if key in words else ends
    return words
