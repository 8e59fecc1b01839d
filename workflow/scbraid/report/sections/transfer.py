"""The label transfer in tables and drawings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbraid.report.drawing.matrices import agreement_matrix, confusion_matrix
from scbraid.report.drawing.palettes import cell_palettes, prediction_palette
from scbraid.report.drawing.reliability import reliability_plot
from scbraid.report.sections.transfer_scores import PER_LABEL, Score, by_label, overall, present
from scbraid.text import joined
from scbraid.transfer.classifiers import UNKNOWN
from scbraid.transfer.scores import agreement, confusion, reliability
from scbraid.transfer.tasks import EACH_BATCH, UNLABELLED_CELLS

if TYPE_CHECKING:
    from markupsafe import Markup

    from scbraid.config.schema import Config
    from scbraid.report.reading.dataset import DatasetResults
    from scbraid.report.reading.runs import TransferResults

CONTENTS = {"transfer": "Label transfer"}
#: what separates classifier and method in the name of a transfer
BETWEEN = " · "
CLASSIFIERS = {
    "knn": "the nearest reference cells in the embedding (or the graph) vote",
    "logistic": "logistic regression on the embedding of the reference cells",
    "head": "the method's own prediction; it learned from the labels of the reference",
    "mapping": "the method is trained on the reference alone, and the held-out cells are mapped onto it",
}


@dataclass(frozen=True, kw_only=True)
class TransferRow:
    """One classifier with one method: means over seeds, their spread, what failed, and whether some seed did not."""

    classifier: str
    method: str
    means: dict[str, float]
    spreads: dict[str, float]
    failed: str | None
    has_predictions: bool


@dataclass(frozen=True, kw_only=True)
class Detail:
    """The drawings of one classifier with one method, from one seed, and two numbers of that seed."""

    name: str
    seed: int
    accuracy: float
    ece: float
    confusion: Markup
    reliability: Markup


@dataclass(frozen=True, kw_only=True)
class TransferView:
    """What the section on label transfer shows.

    Attributes
    ----------
    task
        What was predicted from what, in a sentence.
    n_held_out, n_scored, n_unseen
        Held-out cells; those whose label is known; those of them whose label no reference cell has.
    unseen
        These labels.
    classifiers
        What each classifier does.
    scores
        Columns of the table of scores; empty where no label is known.
    rows
        Best first, by accuracy; those without scores last.
    failures
        Sentences, one a method and reason.
    by_label
        For each classifier a table: rows = labels, columns = (method, score).
    cells
        Cells of every label that is scored.
    details
        Best first; empty where no label is known.
    called
        How many cells were called what: rows = labels and unknown, columns = transfers.
    agreement
        None for fewer than two transfers.
    trainings
        What was trained for the transfer alone: a dict a task.
    """

    task: str
    n_held_out: int
    n_scored: int
    n_unseen: int
    unseen: list[str]
    classifiers: dict[str, str]
    scores: dict[str, Score]
    rows: list[TransferRow]
    failures: list[str]
    by_label: dict[str, pd.DataFrame]
    cells: pd.Series
    details: list[Detail]
    called: pd.DataFrame
    agreement: Markup | None
    trainings: list[dict[str, Any]]


def view(dataset: DatasetResults) -> dict[str, Any] | None:
    """Prepare what was predicted and how well; None for a data set without label transfer."""
    if not dataset.transfers:
        return None
    return {
        "transfer": transfer_view(dataset),
        "per_label": PER_LABEL,
        "label_palette": cell_palettes(dataset)["label"],
        "prediction_palette": prediction_palette(dataset),
    }


def transfer_view(dataset: DatasetResults) -> TransferView:
    """Prepare tables and drawings of the label transfers of a data set, of which there is one at least."""
    means, spreads = overall(dataset.transfers)
    ranked = _best_first(dataset.transfers, means)
    predicting = [transfer for transfer in ranked if len(transfer.predictions)]
    held_out = predicting[0].predictions if predicting else pd.DataFrame(columns=["truth", "seen"])
    truth = held_out["truth"].dropna().astype(str)
    unseen = truth[~held_out.loc[truth.index, "seen"].astype(bool)]
    labels, cells = by_label(ranked)
    predictions = {_name(transfer): transfer.predictions for transfer in predicting}
    return TransferView(
        task=task_sentence(dataset.settings["transfer"]),
        n_held_out=len(held_out),
        n_scored=len(truth),
        n_unseen=len(unseen),
        unseen=sorted(unseen.unique()),
        classifiers={name: CLASSIFIERS[name] for name in dict.fromkeys(t.classifier for t in dataset.transfers)},
        scores=present(means),
        rows=[
            TransferRow(
                classifier=transfer.classifier,
                method=transfer.method,
                means=means.loc[transfer.classifier, transfer.method].to_dict(),
                spreads=spreads.loc[transfer.classifier, transfer.method].to_dict(),
                failed=transfer.failed,
                has_predictions=len(transfer.predictions) > 0,
            )
            for transfer in ranked
        ],
        failures=_failures(dataset.transfers),
        by_label=labels,
        cells=cells,
        details=[_detail(transfer, set(unseen)) for transfer in predicting] if len(truth) else [],
        called=_called(predictions),
        agreement=agreement_matrix(agreement(predictions), title="Agreement of predictions")
        if len(predictions) > 1
        else None,
        trainings=_trainings(dataset.transfers),
    )


def task_sentence(transfer: Config) -> str:
    """Say which labels were predicted from which."""
    query, reference = transfer["query"], transfer["reference"]
    if query == EACH_BATCH:
        of = f"; labels come from {joined(reference)} only" if reference else ""
        return f"The labels of every batch in turn were hidden and predicted from the others{of}."
    if query == UNLABELLED_CELLS:
        of = f" of {joined(reference)}" if reference else ""
        return f"Cells without a label were given one, predicted from the cells{of} that have one."
    source = joined(reference) if reference else "all other cells"
    return f"The labels of {joined(query)} were hidden and predicted from {source}."


def _name(transfer: TransferResults) -> str:
    return f"{transfer.classifier}{BETWEEN}{transfer.method}"


def _best_first(transfers: tuple[TransferResults, ...], means: pd.DataFrame) -> list[TransferResults]:
    accuracy = means["accuracy"].fillna(-1.0)
    return sorted(
        transfers,
        key=lambda transfer: (transfer.predictions.empty, -accuracy.loc[transfer.classifier, transfer.method]),
    )


def _failures(transfers: tuple[TransferResults, ...]) -> list[str]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for transfer in transfers:
        if transfer.failed:
            grouped.setdefault((transfer.method, transfer.failed), []).append(transfer.classifier)
    return [
        f"{method} gave nothing to {joined(classifiers)}: {reason}" for (method, reason), classifiers in grouped.items()
    ]


def _detail(transfer: TransferResults, unseen: set[str]) -> Detail:
    of_seed = transfer.scores[transfer.scores["seed"] == transfer.seed]
    first = of_seed.drop_duplicates("score").set_index("score")["value"]
    name = _name(transfer)
    return Detail(
        name=name,
        seed=transfer.seed,
        accuracy=first.get("accuracy"),
        ece=first.get("ece"),
        confusion=confusion_matrix(confusion(transfer.predictions), unseen=unseen, title=f"Confusion matrix of {name}"),
        reliability=reliability_plot(reliability(transfer.predictions), title=f"Reliability of {name}"),
    )


def _called(predictions: dict[str, pd.DataFrame]) -> pd.DataFrame:
    counts = pd.DataFrame({name: table["decision"].value_counts() for name, table in predictions.items()})
    labels = sorted(label for label in counts.index if label != UNKNOWN)
    return counts.reindex([*labels, UNKNOWN]).fillna(0).astype(int)


def _trainings(transfers: tuple[TransferResults, ...]) -> list[dict[str, Any]]:
    """List trainings by method, seed and task; classifiers that share a training give it once."""
    found = {}
    for transfer in transfers:
        kind = "held-out cells mapped" if transfer.classifier == "mapping" else "labels hidden"
        for seed, facts in transfer.trainings.items():
            for task, of_task in facts["tasks"].items():
                maps, changed = "seconds_reference" in of_task, of_task.get("fraction_trained")
                found[transfer.method, seed, kind, task] = {
                    "method": transfer.method,
                    "seed": seed,
                    "kind": kind,
                    "task": task,
                    "seconds": of_task["seconds_reference" if maps else "seconds"],
                    "seconds_mapping": of_task["seconds"] if maps else None,
                    "epochs": of_task["epochs"],
                    "percent_changed": None if changed is None else 100 * changed,
                }
    return list(found.values())
