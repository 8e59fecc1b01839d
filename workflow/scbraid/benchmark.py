"""Put the scores of all runs of a data set side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scbraid.metrics import METRICS
from scbraid.metrics.total import total

SCORES = ("bio", "batch", "total")


def gather(scores: dict[tuple[str, int], pd.DataFrame]) -> pd.DataFrame:
    """Stack the scores of runs.

    Parameters
    ----------
    scores
        Table metric, value, group of every (run name, seed).

    Returns
    -------
    pandas.DataFrame
        Long table: method, seed, metric, group, value.
    """
    tables = [
        table[["metric", "group", "value"]].assign(method=method, seed=seed) for (method, seed), table in scores.items()
    ]
    return pd.concat(tables, ignore_index=True)[["method", "seed", "metric", "group", "value"]]


def summarize(metrics: pd.DataFrame, runs: dict[tuple[str, int], dict[str, Any]]) -> pd.DataFrame:
    """Average over seeds and rank.

    The total is 0.6 bio + 0.4 batch of unscaled metrics (Luecken et al. 2022, Nature Methods 19:41), computed for each
    seed before averaging. Without labels there is no bio score and no total; :func:`ranking_score` names the score that
    runs are then ranked by.

    Parameters
    ----------
    metrics
        From :func:`gather`.
    runs
        run.json of every (run name, seed).

    Controls bound what a score can be and take part in no ranking; nor do runs that failed.

    Returns
    -------
    pandas.DataFrame
        One row a run name, best first, then controls, then those that failed with every seed: method, rank (missing
        for these), total, bio, batch, every metric (means over the seeds that ran), the same names with ``_sd`` (spread
        over seeds, missing for one seed), seeds (that ran), seconds, peak_ram_mb, device, is_control, needs_labels,
        is_graph, failed (how many seeds failed and why, missing where none did).
    """
    names = pd.Index(list(dict.fromkeys(method for method, _ in runs)), name="method")
    wide = metrics.pivot(index=["method", "seed"], columns="metric", values="value")
    wide = wide[[name for name in METRICS if name in wide]]
    totals = [total(metrics[(metrics["method"] == method) & (metrics["seed"] == seed)]) for method, seed in wide.index]
    wide[list(SCORES)] = np.array(totals, dtype=float).reshape(len(wide), len(SCORES))
    by_method = wide.groupby(level="method", sort=False)
    mean = by_method.mean().reindex(names)
    columns = [*reversed(SCORES), *[name for name in mean if name not in SCORES]]
    summary = mean[columns].join(by_method.std()[columns].add_suffix("_sd"))
    facts = pd.DataFrame([{**facts, "method": method, "seed": seed} for (method, seed), facts in runs.items()])
    ran = facts[facts["failed"].isna()].groupby("method")
    summary["seeds"] = ran.size().reindex(names, fill_value=0)
    summary = summary.join(ran[["seconds", "peak_ram_mb"]].mean())
    summary = summary.join(ran["device"].agg(lambda devices: ", ".join(sorted(set(devices)))))
    kinds = facts.groupby("method")[["is_control", "needs_labels", "is_graph"]].first()
    summary = summary.join(kinds)
    summary["failed"] = pd.Series({name: _reasons(group) for name, group in facts.groupby("method")}, dtype=object)
    score = ranking_score(summary)
    rank = summary[score].mask(summary["is_control"]).rank(ascending=False, method="min")
    summary.insert(0, "rank", rank.astype("Int64"))
    order = summary.assign(_failed=summary[score].isna()).sort_values(
        ["_failed", "is_control", score], ascending=[True, True, False], kind="stable"
    )
    return summary.loc[order.index].reset_index()


def _reasons(runs: pd.DataFrame) -> str | None:
    """Seeds that failed, with the reason; None where none did."""
    by_reason = runs.dropna(subset="failed").groupby("failed", sort=False)["seed"]
    return "; ".join(f"seed {', '.join(map(str, seeds))}: {reason}" for reason, seeds in by_reason) or None


def ranking_score(summary: pd.DataFrame) -> str:
    """Name the score that ranks runs: the total where there is one, otherwise batch or bio, whichever was computed."""
    return next((score for score in ("total", "batch", "bio") if summary[score].notna().any()), "total")
