"""Transfer labels from reference batches to query batches through an embedding, and score the result."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support
from sklearn.neighbors import KNeighborsClassifier

from scbraid.errors import UserError, suggest


def split_batches(
    batch: pd.Series, *, query: list[str], reference: list[str] | None, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Mark the cells of reference and query.

    Parameters
    ----------
    batch
        Batch of every cell.
    query, reference
        Names of batches; no reference means every batch that is not a query.
    name
        Data set, for messages.

    Returns
    -------
    tuple
        Two boolean arrays over cells: reference, query.

    Raises
    ------
    UserError
        A batch that does not exist, or no batch left as reference.
    """
    known = sorted(batch.astype(str).unique())
    for wanted in [*query, *(reference or ())]:
        if wanted not in known:
            raise UserError(f"datasets/{name}/transfer names batch '{wanted}', {suggest(wanted, known)}")
    chosen = reference if reference is not None else [other for other in known if other not in query]
    if not chosen:
        raise UserError(f"datasets/{name}/transfer: every batch is a query; leave at least one as reference")
    return batch.isin(chosen).to_numpy(), batch.isin(query).to_numpy()


def assign_roles(obs: pd.DataFrame, *, query: list[str], reference: list[str] | None, name: str) -> pd.DataFrame:
    """Give every cell its role in the transfer, and prove that there is something to transfer.

    Parameters
    ----------
    obs
        ``batch`` and ``label`` of every cell.
    query, reference, name
        As for :func:`split_batches`.

    Returns
    -------
    pandas.DataFrame
        Index = cells; ``label``, and ``role``: ``reference``, ``query`` or ``unused``.

    Raises
    ------
    UserError
        A batch that does not exist, no batch left as reference, or a reference without any label.
    """
    is_reference, is_query = split_batches(obs["batch"], query=query, reference=reference, name=name)
    if obs.loc[is_reference, "label"].isna().all():
        raise UserError(f"datasets/{name}/transfer: no cell of the reference batches has a label to transfer")
    role = np.select([is_reference, is_query], ["reference", "query"], "unused")
    return pd.DataFrame({"label": obs["label"].astype(object), "role": role}, index=obs.index)


def transfer_labels(
    embedding: pd.DataFrame,
    labels: pd.Series,
    *,
    reference: np.ndarray,
    query: np.ndarray,
    n_neighbors: int = 15,
) -> pd.DataFrame:
    """Predict the labels of query cells from their nearest reference cells.

    Neighbours vote with the inverse of their distance; the probability of a label is its share of the votes.

    Parameters
    ----------
    embedding
        Cells x dimensions.
    labels
        Label of every cell; missing ones are not used. Query labels serve as truth only.
    reference, query
        Boolean arrays over cells.
    n_neighbors
        Reference cells that vote.

    Returns
    -------
    pandas.DataFrame
        One row a query cell: cell, truth, prediction, probability (of the prediction, 0 to 1).

    Raises
    ------
    UserError
        No reference cell has a label.
    """
    known = reference & labels.notna().to_numpy()
    if not known.any():
        raise UserError("no reference cell has a label to transfer")
    values = embedding.to_numpy()
    classifier = KNeighborsClassifier(n_neighbors=min(n_neighbors, int(known.sum())), weights="distance")
    classifier.fit(values[known], labels[known].astype(str).to_numpy())
    probabilities = classifier.predict_proba(values[query])
    best = probabilities.argmax(axis=1)
    return pd.DataFrame(
        {
            "cell": embedding.index[query],
            "truth": labels[query].astype(object).to_numpy(),
            "prediction": classifier.classes_[best],
            "probability": probabilities[np.arange(len(best)), best].astype(np.float32),
        }
    )


def score_predictions(predictions: pd.DataFrame, reference_labels: pd.Series) -> pd.DataFrame:
    """Compare predictions with the hidden labels.

    Cells without truth are not scored. Labels absent from the reference cannot be predicted; they count as errors in
    ``accuracy`` and are left out of ``balanced_accuracy_seen``.

    Parameters
    ----------
    predictions
        From :func:`transfer_labels`.
    reference_labels
        Labels of the reference cells.

    Returns
    -------
    pandas.DataFrame
        Long table: score, label (``all`` or one class), value, cells.
    """
    judged = predictions.dropna(subset="truth")
    if judged.empty:
        return pd.DataFrame(columns=["score", "label", "value", "cells"])
    truth, predicted = judged["truth"].astype(str), judged["prediction"].astype(str)
    seen = truth.isin(reference_labels.dropna().astype(str).unique())
    rows = [("accuracy", "all", accuracy_score(truth, predicted), len(judged))]
    rows.append(("macro_f1", "all", f1_score(truth, predicted, average="macro", zero_division=0), len(judged)))
    if seen.any():
        balanced = _balanced_accuracy(truth[seen], predicted[seen])
        rows.append(("balanced_accuracy_seen", "all", balanced, int(seen.sum())))
    classes = sorted(truth.unique())
    _, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    for label, label_recall, label_f1, cells in zip(classes, recall, f1, support):
        rows += [("accuracy", label, label_recall, cells), ("f1", label, label_f1, cells)]
    return pd.DataFrame(rows, columns=["score", "label", "value", "cells"])


def _balanced_accuracy(truth: pd.Series, predicted: pd.Series) -> float:
    """Mean recall over the classes of `truth`; predictions of other classes are errors."""
    recalls = [(predicted[truth == label] == label).mean() for label in sorted(truth.unique())]
    return float(np.mean(recalls))
