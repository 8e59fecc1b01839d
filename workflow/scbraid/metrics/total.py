"""The total score of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from scbraid.metrics.registry import DEFAULT_TOTAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

BIO_WEIGHT = 0.6


class Total(NamedTuple):
    """Group means and their weighted mean; NaN where a group has no metric."""

    bio: float
    batch: float
    total: float


def total(scores: pd.DataFrame, metrics_in_total: Iterable[str] = DEFAULT_TOTAL) -> Total:
    """Combine the scores of a run: ``0.6 * bio + 0.4 * batch`` of unscaled group means (Luecken et al. 2022).

    Parameters
    ----------
    scores
        Columns ``metric``, ``value`` and ``group``.
    metrics_in_total
        Metrics that are averaged, where present.

    Returns
    -------
    Means of both groups and the total. A group without any metric is NaN, and so is the total then: data without
    labels have no total, and half a total is not made up for them.
    """
    counted = scores[scores["metric"].isin(set(metrics_in_total))]
    means = counted.groupby("group")["value"].mean()
    bio, batch = float(means.get("bio", math.nan)), float(means.get("batch", math.nan))
    return Total(bio, batch, BIO_WEIGHT * bio + (1 - BIO_WEIGHT) * batch)
