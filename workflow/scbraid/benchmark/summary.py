"""Put the scores of all runs of a data set side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.metrics import METRICS
from scbraid.metrics.total import total

if TYPE_CHECKING:
    from collections.abc import Collection

SCORES = ("bio", "batch", "total")
INTERVAL = ("low", "high")
#: a lead of fewer standard deviations of a difference is not told from the spread over seeds
CLEAR_LEAD = 2.0
#: methods whose values of a metric lie closer together do not differ in it
MIN_RANGE = 1e-9


def gather(scores: dict[tuple[str, int], pd.DataFrame]) -> pd.DataFrame:
    """Stack the scores of runs.

    Parameters
    ----------
    scores
        Table metric, value, group of every (run name, seed), and low and high where values have an interval.

    Returns
    -------
    pandas.DataFrame
        Long table: method, seed, metric, group, value, and low and high if some table has them.
    """
    columns = ["method", "seed", "metric", "group", "value"]
    tables = [table.assign(method=method, seed=seed) for (method, seed), table in scores.items()]
    stacked = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    return stacked[[*columns, *[name for name in INTERVAL if name in stacked]]]


def summarize(
    metrics: pd.DataFrame, facts: dict[tuple[str, int], dict[str, Any]], *, scale: bool = False
) -> pd.DataFrame:
    """Average over seeds and rank.

    The total is 0.6 bio + 0.4 batch of unscaled metrics (Luecken et al. 2022, Nature Methods 19:41), computed for each
    seed before averaging. Without labels there is no bio score and no total; :func:`ranking_score` names the score that
    runs are then ranked by.

    Parameters
    ----------
    metrics
        From :func:`gather`.
    facts
        run.json of every (run name, seed).
    scale
        Average metrics that were scaled by :func:`scale_over_methods`. Only bio, batch and total change: the columns of
        metrics keep their raw values. Such totals depend on which methods are compared.

    Controls bound what a score can be and take part in no ranking; nor do runs that failed.

    Returns
    -------
    pandas.DataFrame
        One row a run name, best first, then controls, then those that failed with every seed: method, rank (missing
        for these), total, bio, batch, every metric (means over the seeds that ran), the same names with ``_sd`` (spread
        over seeds, missing for one seed), seeds (that ran), seconds, peak_ram_mb, device, is_control, needs_labels,
        is_graph, failed (how many seeds failed and why, missing where none did), scaled (as asked).
    """
    names = pd.Index(list(dict.fromkeys(method for method, _ in facts)), name="method")
    wide = metrics.pivot(index=["method", "seed"], columns="metric", values="value")
    wide = wide[[name for name in METRICS if name in wide]]
    controls = {method for (method, _), of_run in facts.items() if of_run["is_control"]}
    counted = scale_over_methods(metrics, controls=controls) if scale else metrics
    totals = [total(counted[(counted["method"] == method) & (counted["seed"] == seed)]) for method, seed in wide.index]
    wide[list(SCORES)] = np.array(totals, dtype=float).reshape(len(wide), len(SCORES))
    by_method = wide.groupby(level="method", sort=False)
    mean = by_method.mean().reindex(names)
    columns = [*reversed(SCORES), *[name for name in mean if name not in SCORES]]
    summary = mean[columns].join(by_method.std()[columns].add_suffix("_sd"))
    table = pd.DataFrame([{**of_run, "method": method, "seed": seed} for (method, seed), of_run in facts.items()])
    ran = table[table["failed"].isna()].groupby("method")
    summary["seeds"] = ran.size().reindex(names, fill_value=0)
    summary = summary.join(ran[["seconds", "peak_ram_mb"]].mean())
    summary = summary.join(ran["device"].agg(lambda devices: ", ".join(sorted(set(devices)))))
    kinds = table.groupby("method")[["is_control", "needs_labels", "is_graph"]].first()
    summary = summary.join(kinds)
    summary["failed"] = pd.Series({name: _reasons(group) for name, group in table.groupby("method")}, dtype=object)
    summary["scaled"] = scale
    score = ranking_score(summary)
    rank = summary[score].mask(summary["is_control"]).rank(ascending=False, method="min")
    summary.insert(0, "rank", rank.astype("Int64"))
    order = summary.assign(_failed=summary[score].isna()).sort_values(
        ["_failed", "is_control", score], ascending=[True, True, False], kind="stable"
    )
    return summary.loc[order.index].reset_index()


def scale_over_methods(metrics: pd.DataFrame, *, controls: Collection[str] = ()) -> pd.DataFrame:
    """Scale every metric so that the worst method has 0 and the best has 1.

    Extremes are those of the methods' means over seeds. Controls do not set them, as adding a control must not change
    the ranking: their scaled values may lie outside of 0-1, and so may single seeds. A metric in which methods do not
    differ is left out.

    Parameters
    ----------
    metrics
        From :func:`gather`.
    controls
        Names of runs that are controls.
    """
    of_methods = metrics[~metrics["method"].isin(controls)].astype({"value": float})
    means = of_methods.groupby(["metric", "method"])["value"].mean().groupby(level="metric")
    low, span = means.min(), means.max() - means.min()
    differ = metrics[metrics["metric"].isin(span.index[span > MIN_RANGE])]
    scaled = (differ["value"] - differ["metric"].map(low)) / differ["metric"].map(span)
    return differ.assign(value=scaled.astype(float))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far the score of one method lies above that of another, and how far that may be chance.

    Attributes
    ----------
    above, below
        Names of both methods.
    lead
        Difference of their scores.
    spread
        Standard deviation of the difference over seeds: 0 for deterministic methods, NaN where one seed tells none.
    """

    above: str
    below: str
    lead: float
    spread: float

    @property
    def is_known(self) -> bool:
        """Whether the spread over seeds is known."""
        return not math.isnan(self.spread)

    @property
    def is_clear(self) -> bool:
        """Whether the lead exceeds twice the standard deviation of the difference."""
        return self.lead > CLEAR_LEAD * self.spread


def difference(summary: pd.DataFrame, above: str, below: str, *, deterministic: Collection[str] = ()) -> Difference:
    """Compare two methods by the score that ranks; seeds of different methods are independent.

    Parameters
    ----------
    summary
        From :func:`summarize`.
    above, below
        Names of the methods.
    deterministic
        Names of methods that give the same scores every time.
    """
    score = ranking_score(summary)
    rows = summary.set_index("method").loc[[above, below]]
    spreads = [0.0 if method in deterministic else sd for method, sd in rows[f"{score}_sd"].items()]
    return Difference(
        above=above,
        below=below,
        lead=float(rows[score].iloc[0] - rows[score].iloc[1]),
        spread=math.nan if any(map(math.isnan, spreads)) else math.hypot(*spreads),
    )


def differences(summary: pd.DataFrame, *, deterministic: Collection[str] = ()) -> list[Difference]:
    """Compare the best method with every other, then neighbours in rank below it.

    Parameters are those of :func:`difference`; controls and failed methods have no rank and are not compared.
    """
    ranked = list(summary.loc[summary["rank"].notna(), "method"])
    pairs = [(ranked[0], other) for other in ranked[1:]] + list(pairwise(ranked[1:])) if ranked else []
    return [difference(summary, *pair, deterministic=deterministic) for pair in pairs]


def _reasons(runs: pd.DataFrame) -> str | None:
    """Seeds that failed, with the reason; None where none did."""
    by_reason = runs.dropna(subset="failed").groupby("failed", sort=False)["seed"]
    return "; ".join(f"seed {', '.join(map(str, seeds))}: {reason}" for reason, seeds in by_reason) or None


def ranking_score(summary: pd.DataFrame) -> str:
    """Name the score that ranks runs: the total where there is one, otherwise batch or bio, whichever was computed."""
    return next((score for score in ("total", "batch", "bio") if summary[score].notna().any()), "total")
