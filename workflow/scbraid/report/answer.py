"""The answer in words: which method is best, by how much, how sure that is, what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scbraid.methods import METHODS
from scbraid.report.results import baseline_run
from scbraid.report.text import decimals, duration, joined, megabytes

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.config import Config
    from scbraid.report.results import DatasetResults

#: a lead of fewer standard deviations of a difference than this is called within the spread
CLEAR_LEAD = 2.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Sentences, and the numbers in them.

    Attributes
    ----------
    score
        Column that ranks: ``total``, or ``batch`` for data without labels.
    best, second, baseline
        Rows of summary.tsv; None where there is no such run.
    shown
        Runs whose UMAPs stand beside the answer: the baseline, if there is one, and the best other run.
    """

    score: str
    best: pd.Series
    second: pd.Series | None
    baseline: pd.Series | None
    shown: tuple[str, ...]
    headline: str
    margin: str
    certainty: str
    cost: str


def answer(dataset: DatasetResults, config: Config) -> Answer:
    """Word the result of a data set for its landing page."""
    summary = dataset.summary
    score = "total" if summary["total"].notna().any() else "batch"
    best = summary.iloc[0]
    second = summary.iloc[1] if len(summary) > 1 else None
    rows = summary[summary["method"] == baseline_run(config)]
    baseline = rows.iloc[0] if len(rows) else None
    others = [method for method in summary["method"] if method != baseline_run(config)]
    leaders = list(summary.loc[summary["rank"] == 1, "method"])
    return Answer(
        score=score,
        best=best,
        second=second,
        baseline=baseline,
        shown=(*rows["method"], *others[:1]),
        headline=_headline(leaders, baseline, dataset.name),
        margin=_margin(best, second, baseline, score),
        certainty=_certainty(best, second, score, config),
        cost=_cost(best),
    )


def _headline(leaders: list[str], baseline: pd.Series | None, name: str) -> str:
    if len(leaders) > 1:
        return f"{joined(leaders)} share the first place on {name}"
    if baseline is not None and leaders == [baseline["method"]]:
        return f"No method scores above the unintegrated {leaders[0]} on {name}"
    return f"{leaders[0]} scores highest on {name}"


def _margin(best: pd.Series, second: pd.Series | None, baseline: pd.Series | None, score: str) -> str:
    what = "Total score" if score == "total" else "Without labels only batch correction can be scored. Batch score"
    comparisons = []
    if second is not None:
        comparisons.append(f"{decimals(best[score] - second[score])} above {second['method']}")
    if baseline is not None and baseline["method"] not in (best["method"], second["method"]):
        gain = decimals(best[score] - baseline[score])
        comparisons.append(f"{gain} above the unintegrated {baseline['method']}")
    return f"{what} {decimals(best[score])}" + (f", {joined(comparisons)}." if comparisons else ".")


def _certainty(best: pd.Series, second: pd.Series | None, score: str, config: Config) -> str:
    if second is None:
        return "There is no other run to compare it with."
    spreads = [_spread(row, score, config) for row in (best, second)]
    lead = best[score] - second[score]
    if any(math.isnan(spread) for spread in spreads):
        return (
            "One seed each: how far scores spread over seeds is not known, so whether a lead of "
            f"{decimals(lead)} is more than chance cannot be told. More seeds in the config would show it."
        )
    spread = math.hypot(*spreads)
    clear = lead > CLEAR_LEAD * spread
    verdict = "exceeds" if clear else "does not exceed"
    return (
        f"The lead of {decimals(lead)} {verdict} twice the spread over seeds "
        f"(standard deviation of the difference {decimals(spread)}, {int(best['seeds'])} seeds)."
    )


def _spread(row: pd.Series, score: str, config: Config) -> float:
    """Standard deviation over seeds; none for a deterministic method, NaN where one seed hides it."""
    if not METHODS[config["methods"][row["method"]]["method"]].stochastic:
        return 0.0
    return float(row[f"{score}_sd"])


def _cost(best: pd.Series) -> str:
    return f"It took {duration(best['seconds'])} on {best['device']} and {megabytes(best['peak_ram_mb'])} of memory."
