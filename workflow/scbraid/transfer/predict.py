"""Predict the labels of all held-out cells of a data set, task by task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.transfer import classifiers
from scbraid.transfer.tasks import tasks

if TYPE_CHECKING:
    from scbraid.graphs.neighbors import Neighbors

#: columns of predictions.parquet before the probability of every label
COLUMNS = ("cell", "task", "truth", "seen", "prediction", "probability", "uncertainty", "decision")


def predict(
    cells: pd.DataFrame,
    *,
    classifier: str,
    embedding: pd.DataFrame,
    probabilities: pd.DataFrame | None = None,
    neighbors: Neighbors | None = None,
    n_neighbors: int = 15,
    unknown_above: float = 0.5,
) -> pd.DataFrame:
    """Predict labels; those of a task's held-out cells are compared with, never looked at.

    Parameters
    ----------
    cells
        From :func:`scbraid.transfer.tasks.assign_roles`; cells that the embedding lacks (dropped in qc) are left out.
    classifier
        ``knn``, ``logistic``, ``head`` (probabilities as they are) or ``mapping`` (probabilities where the method
        gives them, nearest neighbours otherwise).
    embedding
        Cells x dimensions, or with the index (task, cell) where every task has its own. Without dimensions for a
        graph, and for a failed run, which predicts nothing.
    probabilities
        Cells x labels, indexed like the embedding; without columns for methods that predict none.
    neighbors
        The graph of a graph method.
    n_neighbors
        Reference cells that vote.
    unknown_above
        Uncertainty above which a cell is called unknown.

    Returns
    -------
    pandas.DataFrame
        One row a held-out cell (see :func:`scbraid.transfer.classifiers.prediction_table`); tasks in the order of
        names.
    """
    names = embedding.index.unique("cell") if "task" in embedding.index.names else embedding.index
    cells = cells.loc[names]
    if probabilities is not None and probabilities.shape[1] == 0:
        probabilities = None
    graph = None if neighbors is None or neighbors.graph is None else neighbors
    if (embedding.shape[1] == 0 and graph is None) or (classifier == "head" and probabilities is None):
        return no_predictions()
    tables = []
    has_tasks = "task" in embedding.index.names
    for task, reference, held_out in tasks(cells):
        if has_tasks and task not in embedding.index.unique("task"):
            continue  # its training failed
        labels = cells["label"][reference].astype(str).to_numpy()
        if graph is not None:
            every = cells["label"].astype(object).to_numpy()
            found, uncertainty = classifiers.graph_knn(graph, every, reference, held_out, n_neighbors=n_neighbors)
        else:
            points = _of_task(embedding, task, names).to_numpy()
            places = {"reference": points[reference], "labels": labels, "cells": points[held_out]}
            if probabilities is not None:
                found = _of_task(probabilities, task, names[held_out]).dropna(axis=1, how="all")
                uncertainty = classifiers.from_probabilities(found, **places)
            elif classifier == "logistic":
                found, uncertainty = classifiers.logistic(**places)
            else:
                found, uncertainty = classifiers.knn(**places, n_neighbors=n_neighbors)
        tables.append(
            classifiers.prediction_table(
                found.set_axis(names[held_out]),
                uncertainty,
                truth=cells["label"][held_out],
                reference_labels=np.unique(labels),
                task=task,
                unknown_above=unknown_above,
            )
        )
    return pd.concat(tables, ignore_index=True) if tables else no_predictions()


def no_predictions() -> pd.DataFrame:
    """Table of predictions without rows, of something that failed or has no labels to learn from."""
    return pd.DataFrame(columns=list(COLUMNS)).astype({"probability": np.float32, "uncertainty": np.float32})


def _of_task(table: pd.DataFrame, task: str, cells: pd.Index) -> pd.DataFrame:
    """Rows of a task in the order of `cells`; a task need not have cells that are neither reference nor held out."""
    return (table.loc[task] if "task" in table.index.names else table).reindex(cells)
