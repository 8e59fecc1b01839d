"""The answer in words: which method is best, by how much, how sure that is, what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scbraid.benchmark import ranking_score
from scbraid.methods import find
from scbraid.report.results import baseline_run
from scbraid.report.text import decimals, duration, is_missing, joined, megabytes

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
        Ranked rows of summary.tsv; None where nothing is ranked, and where the unintegrated PCA is not.
    shown
        Runs whose UMAPs stand beside the answer: the baseline, if there is one, and the best other run.
    fairness
        What the best run knew that others did not, or was not asked; empty if nothing.
    """

    score: str
    best: pd.Series | None
    baseline: pd.Series | None
    shown: tuple[str, ...]
    headline: str
    margin: str
    certainty: str
    fairness: str
    cost: str


def answer(summary: pd.DataFrame, *, name: str, config: Config) -> Answer:
    """Word the result of a data set; controls and failed runs have no rank and cannot win.

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
    ranked = summary[summary["rank"].notna()]
    if ranked.empty:
        return _nothing_ranked(summary, name, score)
    best = ranked.iloc[0]
    second = ranked.iloc[1] if len(ranked) > 1 else None
    rows = ranked[ranked["method"] == baseline_run(config)]
    baseline = rows.iloc[0] if len(rows) else None
    others = [method for method in ranked["method"] if method != baseline_run(config)]
    leaders = list(ranked.loc[ranked["rank"] == 1, "method"])
    return Answer(
        score=score,
        best=best,
        baseline=baseline,
        shown=(*rows["method"], *others[:1]),
        headline=_headline(leaders, baseline, name),
        margin=_margin(best, second, baseline, score),
        certainty=_certainty(best, second, score, config),
        fairness=_fairness(ranked, score),
        cost=f"It took {duration(best['seconds'])} on {best['device']} and {megabytes(best['peak_ram_mb'])} of memory.",
    )


def _nothing_ranked(summary: pd.DataFrame, name: str, score: str) -> Answer:
    methods = summary[~summary["is_control"]]
    if methods.empty:
        margin = "The config has nothing but controls, which bound what scores can be and take part in no ranking."
    elif (methods["seeds"] == 0).all():
        margin = "The only method failed." if len(methods) == 1 else f"All {len(methods)} methods failed."
    else:
        margin = "No score to rank the methods by could be computed."
    return Answer(
        score=score,
        best=None,
        baseline=None,
        shown=tuple(summary.loc[summary["seeds"] > 0, "method"])[:2],
        headline=f"No method could be ranked on {name}",
        margin=margin,
        certainty="",
        fairness="",
        cost="",
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
    stochastic = [row for row in (best, second) if find(config["methods"][row["method"]]["method"]).stochastic]
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


def _fairness(ranked: pd.DataFrame, score: str) -> str:
    best = ranked.iloc[0]
    sentences = []
    if best["needs_labels"] and not is_missing(best["bio"]):
        advantage = f"{best['method']} learned from labels, and bio scores measure how well labels are kept"
        sentences.append(advantage + _best_of(ranked[~ranked["needs_labels"]], score, "methods that saw none"))
    if best["is_graph"]:
        advantage = f"{best['method']} is a graph: metrics that need an embedding count in the scores of others only"
        sentences.append(advantage + _best_of(ranked[~ranked["is_graph"]], score, "embeddings"))
    return " ".join(sentences)


def _best_of(others: pd.DataFrame, score: str, what: str) -> str:
    if others.empty:
        return "."
    return f"; the best of the {what} is {others.iloc[0]['method']} ({decimals(others.iloc[0][score])})."
