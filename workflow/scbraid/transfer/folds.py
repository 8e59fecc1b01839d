"""Training that belongs to a task of the label transfer: without the labels of held-out cells, or without the cells."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.files import embedding_table
from scbraid.methods.registry import find, load_mapping
from scbraid.methods.spec import Context
from scbraid.runs.artifacts import probability_table
from scbraid.runs.facts import with_epochs_before
from scbraid.runs.run import check_mapped, checked_result, failure
from scbraid.transfer.tasks import tasks, visible_labels

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Mapped, Result, Run


@dataclass(frozen=True, kw_only=True)
class Folds:
    """What training for every task gave.

    Attributes
    ----------
    embedding, probabilities
        Index (task, cell), dimensions or labels as columns; no columns where training failed or predicts nothing.
    facts
        ``failed``, tasks and reasons or None, and ``tasks``: seconds, epochs and share of weights trained in each.
    """

    embedding: pd.DataFrame
    probabilities: pd.DataFrame
    facts: dict[str, Any]


def train_folds(
    adata: AnnData,
    cells: pd.DataFrame,
    checkpoints: Path,
    run: Run,
    *,
    accelerator: str,
    threads: int,
    maps: bool,
) -> Folds:
    """Train a method once for every task.

    Parameters
    ----------
    adata
        HVG data, as for :func:`scbraid.runs.run.run_method`.
    cells
        Roles of the same cells (:func:`scbraid.transfer.tasks.assign_roles`).
    checkpoints
        Folder for models and checkpoints, those of finished tasks too, so that an interrupted training need not repeat
        them. It is the caller's to remove once the result is written.
    run, accelerator, threads
        As for :func:`scbraid.runs.run.run_method`.
    maps
        Whether to train on the reference alone and map the held-out cells (reference mapping), instead of training on
        all cells with the labels of these hidden.

    Raises
    ------
    OSError
        The disk is full.
    """
    accelerator = accelerator if find(run.method).trains else "cpu"
    context = Context(seed=run.seed, accelerator=accelerator, threads=threads)
    train = _map_held_out if maps else _hide_labels
    empty = pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=["task", "cell"]))
    embeddings, probabilities, facts, failed = {}, {}, {}, []
    for number, (task, _, held_out) in enumerate(tasks(cells)):
        data = adata.copy()
        data.obs["label"] = visible_labels(cells, task)
        checkpoint_dir, model_dir = checkpoints / str(number), checkpoints / "model"
        checkpoint_dir.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(model_dir, ignore_errors=True)
        model_dir.mkdir()
        of_task = replace(context, model_dir=model_dir, checkpoint_dir=checkpoint_dir)
        try:
            trained = train(data, cells, held_out, run, of_task)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, other tasks and methods go on
            failed.append(f"{task}: {failure(error, what=f'{run.name} for {task}', folder=model_dir)}")
        else:
            embeddings[task], probabilities[task], facts[task] = trained
    if not embeddings and not failed:
        failed = ["after quality control no held-out cell, or no labelled reference cell, is left"]
    return Folds(
        embedding=pd.concat(embeddings, names=["task", "cell"]) if embeddings else empty,
        probabilities=pd.concat(probabilities, names=["task", "cell"]) if probabilities else empty,
        facts={"failed": "; ".join(failed) or None, "tasks": facts},
    )


def _hide_labels(
    adata: AnnData, _cells: pd.DataFrame, _held_out: np.ndarray, run: Run, context: Context
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    started = time.perf_counter()
    result = checked_result(adata, run, context)
    seconds = with_epochs_before(result, time.perf_counter() - started)
    facts = {"seconds": round(seconds, 3), "epochs": result.facts.get("epochs")}
    return (
        embedding_table(np.asarray(result.embedding), adata.obs_names),
        probability_table(result.probabilities, adata.obs_names),
        facts,
    )


def _map_held_out(
    adata: AnnData, cells: pd.DataFrame, held_out: np.ndarray, run: Run, context: Context
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    reference = cells["reference"].to_numpy() & ~held_out
    old, new = _part(adata, reference), _part(adata, held_out)
    started = time.perf_counter()
    trained = checked_result(old, run, context)
    between = time.perf_counter()
    mapped = load_mapping(run.method)(new, context, **run.parameters)
    facts = {
        "seconds": round(time.perf_counter() - between, 3),
        "seconds_reference": round(with_epochs_before(trained, between - started), 3),
        **{name: mapped.facts.get(name) for name in ("epochs", "fraction_trained")},
    }
    check_mapped(mapped, new, run, context)
    parts: list[tuple[Result | Mapped, AnnData]] = [(trained, old), (mapped, new)]
    embedding = pd.concat([embedding_table(np.asarray(part.embedding), data.obs_names) for part, data in parts])
    probabilities = pd.concat([probability_table(part.probabilities, data.obs_names) for part, data in parts])
    return embedding, probabilities, facts


def _part(adata: AnnData, chosen: np.ndarray) -> AnnData:
    part = adata[chosen].copy()
    part.obs["batch"] = part.obs["batch"].cat.remove_unused_categories()
    return part
