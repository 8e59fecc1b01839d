"""The answer in words: which method is best, by how much, how sure that is, what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scbraid.benchmark.summary import Difference, difference, differences, ranking_score
from scbraid.methods.registry import find
from scbraid.report.drawing.palettes import cell_palettes
from scbraid.report.reading.dataset import baseline_run
from scbraid.text import decimals, duration, is_missing, joined, megabytes

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.config.schema import Config
    from scbraid.report.reading.dataset import DatasetResults

CONTENTS: dict[str, str] = {}
CHANCE = "how far scores spread over seeds is not known, so"
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
    told_apart
        Which differences between methods exceed their spread over seeds; empty with fewer than two methods.
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
    told_apart: str
    fairness: str
    cost: str


def view(dataset: DatasetResults) -> dict[str, Any]:
    """Prepare the answer, the standing of the methods, and the colours of the cells beside it."""
    return {
        "answer": answer(dataset.summary, name=dataset.name, config=dataset.config),
        "rows": dataset.summary.to_dict("records"),
        "palettes": cell_palettes(dataset),
    }


def answer(summary: pd.DataFrame, *, name: str, config: Config) -> Answer:
    """Word the result of a data set; controls and failed runs have no rank and cannot win.

    Parameters
    ----------
    summary
        From :func:`scbraid.benchmark.summary.summarize`, best first.
    name
        Data set.
    config
        From :func:`scbraid.config.resolve.resolve`.
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
        certainty=_certainty(ranked, config),
        told_apart=_told_apart(ranked, score, config),
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
        told_apart="",
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


def _certainty(ranked: pd.DataFrame, config: Config) -> str:
    if len(ranked) < 2:
        return "There is no other method to compare it with."
    deterministic = _deterministic(ranked, config)
    first, second = ranked["method"].iloc[:2]
    found = difference(ranked, first, second, deterministic=deterministic)
    if {first, second} <= deterministic:
        return "Both methods are deterministic: they give the same scores every time."
    lead = decimals(found.lead)
    if not found.is_known:
        return (
            f"One seed each: {CHANCE} whether a lead of {lead} is more than chance cannot be told. More seeds in the "
            "config would show it."
        )
    verdict = "exceeds" if found.is_clear else "does not exceed"
    seeds = _seeds(ranked.iloc[:2], deterministic)
    return (
        f"Over {seeds} seeds the lead of {lead} {verdict} twice the standard deviation of the "
        f"difference ({decimals(found.spread)})."
    )


def _told_apart(ranked: pd.DataFrame, score: str, config: Config) -> str:
    """Say which methods the best is told from, and where in the ranking neighbours are told from one another."""
    if len(ranked) < 2:
        return ""
    deterministic = _deterministic(ranked, config)
    if set(ranked["method"]) == deterministic:
        return "All methods are deterministic: they give the same scores every time."
    unknown = list(ranked.loc[ranked[f"{score}_sd"].isna() & ~ranked["method"].isin(deterministic), "method"])
    if len(unknown) + len(deterministic) == len(ranked):
        return f"One seed each: {CHANCE} which differences are more than chance cannot be told."
    found = differences(ranked, deterministic=deterministic)
    best = ranked["method"].iloc[0]
    sentences = [f"Over {_seeds(ranked, deterministic)} seeds, {_best_from(best, found)}.", _gaps(ranked, found)]
    if unknown:
        sentences.append(f"Only one seed of {joined(unknown)} ran, which tells no spread to compare with.")
    sentences.append(
        f"Told apart: the difference of the {score} scores exceeds twice its standard deviation over seeds."
    )
    return " ".join(filter(None, sentences))


def _best_from(best: str, found: list[Difference]) -> str:
    known = [pair for pair in found if pair.above == best and pair.is_known]
    clear = [pair.below for pair in known if pair.is_clear]
    other = [pair.below for pair in known if not pair.is_clear]
    if not known:
        return f"{best} cannot be compared"
    if not clear:
        whom = f"told apart from none of {joined(other)}" if len(other) > 1 else f"not told apart from {other[0]}"
        return f"{best} is {whom}"
    return f"{best} is told apart from {joined(clear)}" + (f", not from {joined(other)}" if other else "")


def _gaps(ranked: pd.DataFrame, found: list[Difference]) -> str:
    """Say which neighbours in rank are told apart; nothing where there is but one pair, or none is known."""
    neighbours = set(pairwise(ranked["method"]))
    known = [pair for pair in found if (pair.above, pair.below) in neighbours and pair.is_known]
    if len(ranked) < 3 or not known:
        return ""
    gaps = [f"{pair.above} from {pair.below}" for pair in known if pair.is_clear]
    if not gaps:
        return "No two neighbours in rank are told apart."
    if len(gaps) == len(ranked) - 1:
        return "All neighbours in rank are told apart."
    return f"Of neighbours in rank, these are told apart: {joined(gaps)}."


def _deterministic(ranked: pd.DataFrame, config: Config) -> set[str]:
    return {name for name in ranked["method"] if not find(config["methods"][name]["method"]).stochastic}


def _seeds(ranked: pd.DataFrame, deterministic: set[str]) -> int:
    return int(ranked.loc[~ranked["method"].isin(deterministic), "seeds"].max())


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
