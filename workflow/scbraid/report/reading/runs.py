"""What one run, and the label transfer with it, left in the results folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbraid.files import read_embedding, read_json, read_table
from scbraid.plan.paths import RUNS, run_folder, transfer_folder
from scbraid.plan.runs import trained_in, transfers
from scbraid.runs.artifacts import ARTIFACTS, RECORD, RECORD_OF_FOLDS

if TYPE_CHECKING:
    from pathlib import Path

    from scbraid.config.schema import Config
    from scbraid.methods.spec import Run

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


def read_run(folder: Path, run: Run) -> RunResults:
    """Read a run below the folder of its data set."""
    place = folder / run_folder(run.name, run.seed)
    history = place / ARTIFACTS["history"].file
    return RunResults(
        name=run.name,
        seed=run.seed,
        facts=read_json(place / RECORD),
        history=read_table(history) if history.is_file() else None,
        layout=read_embedding(place / "umap.parquet"),
    )


def read_transfers(
    folder: Path, runs: tuple[RunResults, ...], *, dataset: str, config: Config
) -> tuple[TransferResults, ...]:
    """Read the label transfers of a data set: by classifier in the order given, then in the order of the runs.

    Parameters
    ----------
    folder
        Folder of the data set.
    runs
        All its runs.
    dataset, config
        Its name, and the config from :func:`scbraid.config.resolve.resolve`.
    """
    planned = transfers(config, dataset)
    grouped: dict[tuple[str, str], list[RunResults]] = {}
    for classifier in dict.fromkeys(transfer.classifier for transfer in planned):
        for run in runs:
            if (classifier, run.name, run.seed) in planned:
                grouped.setdefault((classifier, run.name), []).append(run)
    return tuple(
        _read_transfer(folder, *names, of_method, place=trained_in(config, dataset, *names))
        for names, of_method in grouped.items()
    )


def _read_transfer(
    folder: Path, classifier: str, method: str, runs: list[RunResults], *, place: str
) -> TransferResults:
    scores, trainings, reasons = [], {}, []
    seed, predictions = runs[0].seed, None
    for run in runs:
        transfer = folder / transfer_folder(classifier, method, run.seed)
        table = read_table(transfer / "scores.tsv", names=("score", "label")).astype({"value": float, "cells": float})
        scores.append(table.assign(seed=run.seed))
        facts = run.facts
        if place != RUNS:
            facts = read_json(folder / run_folder(method, run.seed, trained_in=place) / RECORD_OF_FOLDS)
            trainings[run.seed] = facts
        if failed := facts["failed"]:
            reasons.append(f"seed {run.seed}: {failed}")
        if predictions is None or predictions.empty:
            seed, predictions = run.seed, pd.read_parquet(transfer / "predictions.parquet", columns=PREDICTION_COLUMNS)
    return TransferResults(
        classifier=classifier,
        method=method,
        scores=pd.concat(scores, ignore_index=True),
        predictions=predictions,
        seed=seed,
        trainings=trainings,
        failed="; ".join(reasons) or None,
    )
