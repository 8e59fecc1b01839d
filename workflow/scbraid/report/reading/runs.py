"""What one run, and the label transfer with it, left in the results folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbraid.files import read_embedding, read_json, read_table

if TYPE_CHECKING:
    from pathlib import Path

#: columns of predictions.parquet that the report shows
PREDICTION_COLUMNS = ["cell", "task", "truth", "seen", "prediction", "probability", "uncertainty", "decision"]


@dataclass(frozen=True, kw_only=True)
class RunResults:
    """One method with one seed.

    Attributes
    ----------
    facts
        run.json.
    history
        One row an epoch; None for methods that do not train.
    layout
        Cells x 2, UMAP; without columns for a run that failed.
    """

    name: str
    seed: int
    facts: dict[str, Any]
    history: pd.DataFrame | None
    layout: pd.DataFrame

    @property
    def has_layout(self) -> bool:
        """Whether there is something to draw."""
        return self.layout.shape[1] > 0


@dataclass(frozen=True, kw_only=True)
class TransferResults:
    """Label transfer by one classifier with one method.

    Attributes
    ----------
    scores
        scores.tsv of all seeds, with the column ``seed``.
    predictions
        Of the first seed that gave any; without rows where none did.
    seed
        The seed of these predictions.
    trainings
        By seed, folds.json of what was trained for the transfer alone; empty where it predicts from the run itself.
    failed
        Seeds that failed with the reason, or None.
    """

    classifier: str
    method: str
    scores: pd.DataFrame
    predictions: pd.DataFrame
    seed: int
    trainings: dict[int, dict[str, Any]]
    failed: str | None


def read_run(folder: Path, method: str, seed: int) -> RunResults:
    """Read a run below the folder of its data set."""
    run = folder / "runs" / method / f"seed-{seed}"
    history = run / "history.tsv"
    return RunResults(
        name=method,
        seed=seed,
        facts=read_json(run / "run.json"),
        history=read_table(history) if history.is_file() else None,
        layout=read_embedding(run / "umap.parquet"),
    )


def read_transfers(
    folder: Path, runs: tuple[RunResults, ...], transfers: list[tuple[str, str, int]], *, in_turn: bool
) -> tuple[TransferResults, ...]:
    """Read the label transfers of a data set: by classifier in the order given, then in the order of the runs.

    Parameters
    ----------
    folder
        Folder of the data set.
    runs
        All its runs.
    transfers
        Classifier, name of the run and seed.
    in_turn
        Whether every batch is a query once; methods that learn from labels are then trained once for each.
    """
    classifiers = dict.fromkeys(classifier for classifier, _, _ in transfers)
    known = {tuple(transfer) for transfer in transfers}
    grouped: dict[tuple[str, str], list[RunResults]] = {}
    for classifier in classifiers:
        for run in runs:
            if (classifier, run.name, run.seed) in known:
                grouped.setdefault((classifier, run.name), []).append(run)
    return tuple(_read_transfer(folder, *names, of_method, in_turn=in_turn) for names, of_method in grouped.items())


def _read_transfer(
    folder: Path, classifier: str, method: str, runs: list[RunResults], *, in_turn: bool
) -> TransferResults:
    own = folder / "transfer" / classifier / method
    scores, trainings, reasons = [], {}, []
    seed, predictions = runs[0].seed, None
    for run in runs:
        place = own / f"seed-{run.seed}"
        table = read_table(place / "scores.tsv", names=("score", "label")).astype({"value": float, "cells": float})
        scores.append(table.assign(seed=run.seed))
        facts = run.facts
        if classifier == "mapping" or (in_turn and run.facts["needs_labels"]):
            kind = "mapped" if classifier == "mapping" else "folds"
            facts = read_json(folder / "transfer" / kind / method / f"seed-{run.seed}" / "folds.json")
            trainings[run.seed] = facts
        if failed := facts["failed"]:
            reasons.append(f"seed {run.seed}: {failed}")
        if predictions is None or predictions.empty:
            seed, predictions = run.seed, pd.read_parquet(place / "predictions.parquet", columns=PREDICTION_COLUMNS)
    return TransferResults(
        classifier=classifier,
        method=method,
        scores=pd.concat(scores, ignore_index=True),
        predictions=predictions,
        seed=seed,
        trainings=trainings,
        failed="; ".join(reasons) or None,
    )
