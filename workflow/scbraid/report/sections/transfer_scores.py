"""Scores of label transfer: what they mean, their means over seeds, and those of every label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scbraid.report.reading.runs import TransferResults


@dataclass(frozen=True)
class Score:
    """One column of the table.

    Attributes
    ----------
    is_better_higher
        Whether it is coloured, as the more the better.
    """

    title: str
    description: str
    is_better_higher: bool = True


OVERALL = {
    "accuracy": Score(
        "accuracy", "Share of held-out cells whose predicted label is their own, also where they are called unknown"
    ),
    "macro_f1": Score("macro F1", "Mean over labels of F1, the harmonic mean of precision and recall"),
    "balanced_accuracy_seen": Score(
        "balanced accuracy",
        "Mean over the labels that the reference has of the share of their cells predicted right: rare labels count as "
        "much as frequent ones, and labels that cannot be predicted do not count",
    ),
    "ece": Score(
        "calibration error",
        "Expected calibration error: how far probabilities are from the share of right predictions; 0 is best",
        is_better_higher=False,
    ),
    "rejected": Score("called unknown", "Share of held-out cells that are called unknown", is_better_higher=False),
    "accuracy_kept": Score("accuracy of the rest", "Accuracy in the cells that are not called unknown"),
    "novelty_auroc": Score(
        "novelty AUROC",
        "How well uncertainty tells cells of labels that the reference lacks from the others; 0.5 is chance",
    ),
    "unknown_novel": Score(
        "novel unknown", "Share of the cells of labels that the reference lacks that are called unknown"
    ),
}
PER_LABEL = {"accuracy": "accuracy", "f1": "F1"}


def overall(transfers: Iterable[TransferResults]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Means over seeds and standard deviations of the scores over all cells.

    Returns
    -------
    Two tables: index = (classifier, method), columns = scores; missing where every seed failed.
    """
    transfers = list(transfers)
    values = _stacked(transfers)
    grouped = values[_is_overall(values)].groupby(["classifier", "method", "score"])["value"]
    index = pd.MultiIndex.from_tuples([(transfer.classifier, transfer.method) for transfer in transfers])
    tables = [table.unstack().reindex(index=index, columns=list(OVERALL)) for table in (grouped.mean(), grouped.std())]
    return tables[0], tables[1]


def present(means: pd.DataFrame) -> dict[str, Score]:
    """Scores that some transfer has."""
    return {name: score for name, score in OVERALL.items() if means[name].notna().any()}


def by_label(transfers: Iterable[TransferResults]) -> tuple[dict[str, pd.DataFrame], pd.Series]:
    """Scores of every label, means over seeds.

    Returns
    -------
    For each classifier a table (rows = labels, columns = (method, score), methods in the order given), and the cells
    of every label.
    """
    values = _stacked(list(transfers))
    values = values[~_is_overall(values) & values["score"].isin(PER_LABEL)]
    tables = {}
    for classifier, own in values.groupby("classifier", sort=False):
        table = own.groupby(["label", "method", "score"])["value"].mean().unstack(["method", "score"])
        columns = [(method, score) for method in own["method"].unique() for score in PER_LABEL]
        tables[classifier] = table.reindex(columns=pd.MultiIndex.from_tuples(columns))
    return tables, values.groupby("label")["cells"].max()


def _stacked(transfers: list[TransferResults]) -> pd.DataFrame:
    tables = [transfer.scores.assign(classifier=transfer.classifier, method=transfer.method) for transfer in transfers]
    return pd.concat(tables, ignore_index=True)


def _is_overall(values: pd.DataFrame) -> pd.Series:
    """Scores over all cells; they come first in scores.tsv, before those of a label that is itself named "all"."""
    is_first = ~values.duplicated(["classifier", "method", "seed", "score", "label"])
    return (values["label"] == "all") & values["score"].isin(OVERALL) & is_first
