"""The tables of the report: what stands in which column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbraid.metrics import GROUPS, METRICS
from scbraid.text import decimals

if TYPE_CHECKING:
    from scbraid.report.reading.dataset import DatasetResults

AGGREGATES = ("total", "bio", "batch")
REASONS = {
    "no_counts": "no counts at all",
    "log_counts_outlier": "counts far from the batch median",
    "log_genes_outlier": "genes far from the batch median",
    "percent_top_20_outlier": "share of top 20 genes far from the batch median",
    "percent_mitochondrial_outlier": "mitochondrial share far above the batch median",
}


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """One column of the score table."""

    name: str
    title: str
    group: str
    in_total: bool
    description: str


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


def drop_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Count dropped cells by batch and reason; a cell with two reasons counts in both."""
    dropped = cells.loc[~cells["kept"], ["batch", "reason"]]
    exploded = dropped.assign(reason=dropped["reason"].str.split(";")).explode("reason")
    counts = pd.crosstab(exploded["batch"], exploded["reason"])
    return counts.reindex(index=sorted(cells["batch"].unique()), fill_value=0)


def gene_facts(genes: pd.DataFrame, n_top: int = 30) -> dict[str, Any]:
    """Count genes by what became of them, and name the most variable of the selected."""
    selected = genes[genes["selected"]]
    facts: dict[str, Any] = {
        "all": len(genes),
        "selected": len(selected),
        "excluded": int(genes["excluded"].sum()),
        "by_batches": {},
        "top": [],
    }
    if "highly_variable_nbatches" in genes:
        counts = selected["highly_variable_nbatches"].value_counts().sort_index(ascending=False)
        facts["by_batches"] = {int(batches): int(number) for batches, number in counts.items()}
        by = ["highly_variable_nbatches"]
        ascending = [False]
        for column, direction in (("highly_variable_rank", True), ("dispersions_norm", False)):
            if column in genes:
                by, ascending = [*by, column], [*ascending, direction]
        facts["top"] = list(selected.sort_values(by, ascending=ascending, kind="stable")["gene"].head(n_top))
    return facts


def versions(dataset: DatasetResults) -> dict[str, str]:
    """Versions of the packages that the runs rest on; several where runs differ."""
    found: dict[str, set[str]] = {}
    for run in dataset.runs:
        for package, version in run.facts["versions"].items():
            found.setdefault(package, set()).add(version)
    return {package: ", ".join(sorted(seen)) for package, seen in found.items()}
