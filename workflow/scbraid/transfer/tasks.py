"""Tasks of label transfer: which cells are held out, which are reference, and which labels a step may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from scbraid.errors import UserError, suggest
from scbraid.labels import known_labels
from scbraid.methods.registry import find, maps

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

EACH_BATCH = "each_batch"
UNLABELLED_CELLS = "unlabelled"
#: name of the only task where batches are named; cells mapped onto a saved reference have it too
QUERY = "query"


def assign_roles(obs: pd.DataFrame, *, query: list[str] | str, reference: list[str] | None, name: str) -> pd.DataFrame:
    """Give every cell its role in the label transfer, and prove that there is something to transfer.

    Parameters
    ----------
    obs
        ``batch`` and ``label`` of every cell.
    query
        Which cells are held out: names of batches, ``each_batch`` (every batch in turn) or ``unlabelled`` (the cells
        without a label).
    reference
        Names of batches; None for every cell that is not held out.
    name
        Data set, for messages.

    Returns
    -------
    pandas.DataFrame
        Index = cells. ``batch``; ``label``, the truth, missing where unknown; ``task`` in which the cell is held
        out, missing where in none; ``reference``, whether its label may be used (in tasks other than its own).

    Raises
    ------
    UserError
        A batch that does not exist, no reference left, or one without any label; with ``each_batch`` fewer than two
        batches with labels, with ``unlabelled`` no cell without label.
    """
    where = f"datasets/{name}/transfer"
    batch, label = obs["batch"].astype(str), known_labels(obs["label"])
    _check_batches(batch, [*([] if isinstance(query, str) else query), *(reference or ())], where)
    if query == EACH_BATCH:
        task, is_held_out = batch.astype(object), pd.Series(data=True, index=obs.index)
        is_reference = is_held_out
        if batch[label.notna()].nunique() < 2:
            raise UserError(f"{where}: {EACH_BATCH} needs labels in two batches or more")
    else:
        by_label = query == UNLABELLED_CELLS
        is_held_out = label.isna() if by_label else batch.isin(query)
        if not is_held_out.any():
            raise UserError(f"{where}: every cell has a label, there is nothing to predict for query: {query}")
        held_out_in = UNLABELLED_CELLS if by_label else QUERY
        task = pd.Series([held_out_in if out else None for out in is_held_out], obs.index, dtype=object)
        is_reference = ~is_held_out
    if reference is not None:
        is_reference &= batch.isin(reference)
    if not is_reference.any():
        raise UserError(f"{where}: every batch is a query; leave at least one as reference")
    if label[is_reference].isna().all():
        raise UserError(f"{where}: no cell of the reference batches has a label to transfer")
    return pd.DataFrame({"batch": batch.astype(object), "label": label, "task": task, "reference": is_reference})


def _check_batches(batch: pd.Series, named: list[str], where: str) -> None:
    known = sorted(batch.unique())
    for wanted in named:
        if wanted not in known:
            raise UserError(f"{where} names batch '{wanted}', {suggest(wanted, known)}")


def applies(classifier: str, method: str) -> bool:
    """Whether a classifier can predict from a method; nothing does from a control, which has seen the truth."""
    gives = find(method).gives
    possible = {
        "knn": True,
        "logistic": "embedding" in gives,
        "head": "probabilities" in gives,
        "mapping": maps(method),
    }
    return possible[classifier] and not find(method).is_control


def tasks(cells: pd.DataFrame) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Go through the tasks by name: name, then two boolean arrays over cells, labelled reference and held out.

    A task whose reference would have no label (all labels are in the batch held out) is left out.
    """
    usable = (cells["reference"] & cells["label"].notna()).to_numpy()
    for task in sorted(cells["task"].dropna().unique()):
        held_out = (cells["task"] == task).to_numpy()
        if (usable & ~held_out).any():
            yield task, usable & ~held_out, held_out


def visible_labels(cells: pd.DataFrame, task: str | None = None) -> pd.Series:
    """Labels that a step which trains may see (categorical, missing where hidden).

    Parameters
    ----------
    cells
        From :func:`assign_roles`.
    task
        The task to train for; None for the one embedding of all cells. That hides the labels of held-out cells too,
        except where every cell is a reference in other tasks (leave one batch out).
    """
    hidden = ~cells["reference"] | (cells["task"] == task)
    return cells["label"].mask(hidden).astype("category")
