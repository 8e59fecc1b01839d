"""The answer in words: which method is best, by how much, how sure that is, what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scbraid.benchmark import ranking_score
from scbraid.methods import METHODS
from scbraid.report.results import baseline_run
from scbraid.report.text import decimals, duration, joined, megabytes

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.config import Config

#: a lead of fewer standard deviations of a difference is not told from the spread over seeds
CLEAR_LEAD = 2.0
SCORE_WORDS = {
    "total": "Total score",
    "batch": "Only batch correction was scored. Batch score",
    "bio": "Only conservation of biology was scored. Bio score",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Sentences for the landing page, and what stands beside them.

    Attributes
    ----------
    score
        Column that ranks: ``total``, or ``batch`` for data without labels.
    best, baseline
        Rows of summary.tsv; no baseline where the config has no unintegrated PCA.
    shown
        Runs whose UMAPs stand beside the answer: the baseline, if there is one, and the best other run.
    """

    score: str
    best: pd.Series
    baseline: pd.Series | None
    shown: tuple[str, ...]
    headline: str
    margin: str
    certainty: str
    cost: str


def answer(summary: pd.DataFrame, *, name: str, config: Config) -> Answer:
    """Word the result of a data set.

    Parameters
    ----------
    summary
        From :func:`scbraid.benchmark.summarize`, best first.
    name
        Data set.
    config
        From :func:`scbraid.config.resolve`.
    """
    score = ranking_score(summary)
    best = summary.iloc[0]
    second = summary.iloc[1] if len(summary) > 1 else None
    rows = summary[summary["method"] == baseline_run(config)]
    baseline = rows.iloc[0] if len(rows) else None
    others = [method for method in summary["method"] if method != baseline_run(config)]
    leaders = list(summary.loc[summary["rank"] == 1, "method"])
    return Answer(
        score=score,
        best=best,
        baseline=baseline,
        shown=(*rows["method"], *others[:1]),
        headline=_headline(leaders, baseline, name),
        margin=_margin(best, second, baseline, score),
        certainty=_certainty(best, second, score, config),
        cost=f"It took {duration(best['seconds'])} on {best['device']} and {megabytes(best['peak_ram_mb'])} of memory.",
    )


def _headline(leaders: list[str], baseline: pd.Series | None, name: str) -> str:
    if len(leaders) > 1:
        return f"{joined(leaders)} share the first place on {name}"
    if baseline is not None and leaders == [baseline["method"]]:
        return f"No method scores above the unintegrated {leaders[0]} on {name}"
    return f"{leaders[0]} scores highest on {name}"


def _margin(best: pd.Series, second: pd.Series | None, baseline: pd.Series | None, score: str) -> str:
    what = SCORE_WORDS[score]
    leads = []
    for other in (second, baseline):
        if other is None or other["method"] == best["method"]:
            continue
        is_baseline = baseline is not None and other["method"] == baseline["method"]
        whom = f"the unintegrated {other['method']}" if is_baseline else other["method"]
        lead = f"{decimals(best[score] - other[score])} above {whom}"
        if lead not in leads:
            leads.append(lead)
    return f"{what} {decimals(best[score])}" + (f", {joined(leads)}." if leads else ".")


def _certainty(best: pd.Series, second: pd.Series | None, score: str, config: Config) -> str:
    if second is None:
        return "There is no other method to compare it with."
    stochastic = [row for row in (best, second) if METHODS[config["methods"][row["method"]]["method"]].stochastic]
    lead = decimals(best[score] - second[score])
    if not stochastic:
        return "Both methods are deterministic: they give the same scores every time."
    spread = math.hypot(*[row[f"{score}_sd"] for row in stochastic])
    if math.isnan(spread):
        return (
            f"One seed each: how far scores spread over seeds is not known, so whether a lead of {lead} is more than "
            "chance cannot be told. More seeds in the config would show it."
        )
    seeds = int(max(row["seeds"] for row in stochastic))
    verdict = "exceeds" if best[score] - second[score] > CLEAR_LEAD * spread else "does not exceed"
    return (
        f"Over {seeds} seeds the lead of {lead} {verdict} twice the standard deviation of the difference "
        f"({decimals(spread)})."
    )
