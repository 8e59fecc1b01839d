"""Scores of label transfer, all from the table of :func:`scbraid.transfer.classifiers.prediction_table`.

Cells without truth are not scored. Where a score does not apply it is absent, never zero.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, precision_recall_fscore_support, roc_auc_score

from scbraid.transfer.classifiers import UNKNOWN

ECE_BINS = 15
COLUMNS = ["score", "label", "value", "cells"]


def score_predictions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Compare predictions with the hidden labels.

    ``all`` cells: accuracy, macro_f1, balanced_accuracy_seen (mean recall of the labels that the reference has), ece
    (expected calibration error, 15 bins; Guo et al. 2017, ICML), rejected (share of cells decided unknown),
    accuracy_kept (of the others), novelty_auroc (does the uncertainty rank cells whose label the reference lacks above
    the others) and unknown_novel (share of these cells decided unknown). Each true label: accuracy (recall) and f1.
    Labels that the reference lacks cannot be predicted: they count as errors, except in balanced_accuracy_seen.

    Parameters
    ----------
    predictions
        Predictions of one task or several.

    Returns
    -------
    pandas.DataFrame
        Long table: score, label (``all`` or one label), value, cells (that the score is over). Empty without truth.
    """
    with_truth = predictions.dropna(subset="truth")
    if with_truth.empty:
        return pd.DataFrame(columns=COLUMNS)
    truth, predicted = with_truth["truth"].astype(str), with_truth["prediction"].astype(str)
    seen, rejected = with_truth["seen"].astype(bool), with_truth["decision"] == UNKNOWN
    right = truth == predicted
    rows = [
        ("accuracy", "all", right.mean(), len(with_truth)),
        ("macro_f1", "all", f1_score(truth, predicted, average="macro", zero_division=0), len(with_truth)),
    ]
    if seen.any():
        balanced = right[seen].groupby(truth[seen]).mean().mean()
        rows.append(("balanced_accuracy_seen", "all", balanced, int(seen.sum())))
    rows.append(("ece", "all", _calibration_error(with_truth), len(with_truth)))
    rows.append(("rejected", "all", rejected.mean(), len(with_truth)))
    if not rejected.all():
        rows.append(("accuracy_kept", "all", right[~rejected].mean(), int((~rejected).sum())))
    if seen.any() and not seen.all():
        rows.append(("novelty_auroc", "all", roc_auc_score(~seen, with_truth["uncertainty"]), len(with_truth)))
    if not seen.all():
        rows.append(("unknown_novel", "all", rejected[~seen].mean(), int((~seen).sum())))
    classes = sorted(truth.unique())
    _, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    for label, label_recall, label_f1, cells in zip(classes, recall, f1, support):
        rows += [("accuracy", label, label_recall, cells), ("f1", label, label_f1, cells)]
    return pd.DataFrame(rows, columns=COLUMNS)


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """Count decisions by truth.

    Returns
    -------
    pandas.DataFrame
        Cells, truth x decision; both axes hold all labels that are either, sorted, and the columns end with
        ``unknown`` where any cell is decided so.
    """
    with_truth = predictions.dropna(subset="truth")
    truth, decision = with_truth["truth"].astype(str), with_truth["decision"].astype(str)
    rejected = decision == UNKNOWN
    labels = sorted(set(truth) | set(decision[~rejected]))
    columns = [*labels, UNKNOWN] if rejected.any() else labels
    counts = pd.crosstab(truth, decision).reindex(index=labels, columns=columns, fill_value=0)
    return counts.rename_axis(index="truth", columns="decision")


def reliability(predictions: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """Compare the probability of predictions with how often they are right.

    Parameters
    ----------
    predictions
        Predictions of one task or several.
    bins
        Number of equally wide bins of the probability; each includes its upper end.

    Returns
    -------
    pandas.DataFrame
        One row a bin that holds cells: low, high, probability (mean), accuracy, cells.
    """
    with_truth = predictions.dropna(subset="truth")
    probability = with_truth["probability"].astype(float)
    right = with_truth["truth"].astype(str) == with_truth["prediction"].astype(str)
    upper_end = np.ceil((probability * bins).round(5)).clip(1, bins).astype(int)
    table = pd.DataFrame({"probability": probability, "accuracy": right, "upper_end": upper_end})
    grouped = table.groupby("upper_end")
    means = grouped[["probability", "accuracy"]].mean().astype(float)
    edges = pd.DataFrame({"low": (means.index - 1) / bins, "high": means.index / bins}, index=means.index)
    return pd.concat([edges, means, grouped.size().rename("cells")], axis=1).reset_index(drop=True)


def agreement(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Share of common cells with the same prediction, for all pairs of prediction tables.

    Parameters
    ----------
    tables
        Prediction tables by name.

    Returns
    -------
    pandas.DataFrame
        Names x names, 0 to 1; NaN for two tables without a common cell.
    """
    predictions = {name: table.set_index("cell")["prediction"].astype(object) for name, table in tables.items()}
    shares = pd.DataFrame(np.nan, index=list(tables), columns=list(tables))
    for first, second in combinations_with_replacement(tables, 2):
        both = pd.concat([predictions[first], predictions[second]], axis=1, join="inner").to_numpy()
        if len(both):
            shares.loc[first, second] = shares.loc[second, first] = (both[:, 0] == both[:, 1]).mean()
    return shares


def _calibration_error(with_truth: pd.DataFrame) -> float:
    """Mean over cells of the gap between probability and accuracy in their bin (Guo et al. 2017, equation 3)."""
    table = reliability(with_truth, bins=ECE_BINS)
    gaps = (table["probability"] - table["accuracy"]).abs()
    return float((gaps * table["cells"]).sum() / table["cells"].sum())
