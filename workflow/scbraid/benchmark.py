"""Put the scores of all runs of a data set side by side."""

from __future__ import annotations

from typing import Any

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

    Returns
    -------
    pandas.DataFrame
        One row a run name, best first: method, rank, total, bio, batch, every metric (means), the same names with
        ``_sd`` (spread over seeds, missing for one seed), seeds, seconds, peak_ram_mb, device.
    """
    wide = metrics.pivot(index=["method", "seed"], columns="metric", values="value")
    wide = wide[[name for name in METRICS if name in wide]]
    totals = {key: total(group) for key, group in metrics.groupby(["method", "seed"])}
    wide[list(SCORES)] = pd.DataFrame.from_dict(totals, orient="index").to_numpy()
    by_method = wide.groupby(level="method", sort=False)
    mean = by_method.mean()
    columns = [*reversed(SCORES), *[name for name in mean if name not in SCORES]]
    summary = mean[columns].join(by_method.std()[columns].add_suffix("_sd"))
    summary["seeds"] = by_method.size()
    measured = pd.DataFrame(
        [
            {"method": method, **{k: facts[k] for k in ("seconds", "peak_ram_mb", "device")}}
            for (method, _), facts in runs.items()
        ]
    )
    summary = summary.join(measured.groupby("method")[["seconds", "peak_ram_mb"]].mean())
    summary = summary.join(measured.groupby("method")["device"].agg(lambda devices: ", ".join(sorted(set(devices)))))
    rank = summary[ranking_score(summary)].rank(ascending=False, method="min")
    summary.insert(0, "rank", rank.astype("Int64"))
    return summary.sort_values(["rank"], kind="stable").reset_index()


def ranking_score(summary: pd.DataFrame) -> str:
    """Name the score that ranks runs: the total where there is one, otherwise batch or bio, whichever was computed."""
    return next((score for score in ("total", "batch", "bio") if summary[score].notna().any()), "total")
