"""Classifiers of cells, held out or new, how uncertain they are, and the table that all of them fill.

Disagreement of votes alone misses most cells of a type that the reference lacks: they lie nearest to one other type
and all neighbours agree. The uncertainty of a cell is therefore

    u = 1 - p * share / distance**2

p
    The largest probability.
share
    Reference cells among the nearest 30 of all cells, those of the reference and those to predict, relative to what
    three of four reference cells with that label have at least, at most 1. Low for a group of cells without counterpart
    in the reference, and where batches stay apart.
distance
    Mean distance to the nearest reference cells, relative to what nine of ten reference cells with that label have at
    most, at least 1. High for a single cell far from everything.

What is usual for a label is weighted by the probabilities of the cell. Both factors stay the same when an embedding is
multiplied by a constant. `share` makes the uncertainty of a cell depend on the cells that it is transferred with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scbraid.graphs.neighbors import nearest_neighbors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scbraid.graphs.neighbors import Neighbors

UNKNOWN = "unknown"
N_NEIGHBORS = 15
SHARE_NEIGHBORS = 30
SHARE_QUANTILE = 0.25
DISTANCE_QUANTILE = 0.9
SHARPNESS = 2.0


def knn(
    reference: np.ndarray, labels: np.ndarray, cells: np.ndarray, *, n_neighbors: int = N_NEIGHBORS
) -> tuple[pd.DataFrame, np.ndarray]:
    """Let the nearest reference cells vote.

    Votes weigh ``exp(-d**2 / (2 h**2))``, d the distance and h half the root mean square distance of the cells that
    vote: a Gaussian kernel as wide as the neighbourhood, as in the label transfer of scArches (Lotfollahi et al. 2022,
    Nature Biotechnology 40:121) and the Human Lung Cell Atlas (Sikkema et al. 2023, Nature Medicine 29:1563).

    Parameters
    ----------
    reference
        Reference cells x dimensions.
    labels
        Label of every reference cell.
    cells
        Cells to predict x dimensions.
    n_neighbors
        Reference cells that vote; all of them where there are fewer.

    Returns
    -------
    tuple
        Probabilities (cells x labels, labels sorted, rows sum to 1) and uncertainty (one a cell, 0 to 1).
    """
    names, codes = np.unique(labels, return_inverse=True)
    distances, voters = _nearest_reference(reference, cells, n_neighbors)
    probabilities = _votes(distances, codes[voters], np.ones(voters.shape, dtype=bool), len(names))
    likeness = _likeness_in_embedding(reference, codes, cells, probabilities, distances.mean(axis=1), n_neighbors)
    return pd.DataFrame(probabilities, columns=names), _uncertainty(probabilities, likeness)


def graph_knn(
    neighbors: Neighbors,
    labels: np.ndarray,
    reference_mask: np.ndarray,
    predicted_mask: np.ndarray,
    *,
    n_neighbors: int = N_NEIGHBORS,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Let the nearest reference cells vote that a kNN graph of all cells names.

    Parameters
    ----------
    neighbors
        Graph of all cells.
    labels
        Label of every cell; only those of reference cells are read.
    reference_mask, predicted_mask
        Boolean arrays over cells: those that vote, those to predict. Every reference cell has a label.
    n_neighbors
        Reference cells that vote; fewer where the graph names fewer. Without any, all labels are equally probable and
        the uncertainty is 1.

    Returns
    -------
    tuple
        As from :func:`knn`.
    """
    names, reference_codes = np.unique(np.asarray(labels)[reference_mask].astype(str), return_inverse=True)
    codes = np.zeros(len(reference_mask), dtype=int)
    codes[reference_mask] = reference_codes
    is_reference = reference_mask[neighbors.indices]
    share = is_reference[:, :SHARE_NEIGHBORS].mean(axis=1)
    counted = is_reference & (is_reference.cumsum(axis=1) <= n_neighbors)
    n_found = counted.sum(axis=1)
    total = np.where(n_found > 0, (neighbors.distances * counted).sum(axis=1), np.inf)
    distance = total / np.maximum(n_found, 1)

    voters = codes[neighbors.indices[predicted_mask]]
    probabilities = _votes(neighbors.distances[predicted_mask], voters, counted[predicted_mask], len(names))
    likeness = _likeness(
        probabilities,
        reference_codes,
        share=(share[reference_mask], share[predicted_mask]),
        distance=(distance[reference_mask], distance[predicted_mask]),
    )
    return pd.DataFrame(probabilities, columns=names), _uncertainty(probabilities, likeness)


def logistic(reference: np.ndarray, labels: np.ndarray, cells: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Predict by multinomial logistic regression on dimensions that are standardised over the reference.

    Parameters
    ----------
    reference, labels, cells
        As for :func:`knn`. A single label gets probability 1.

    Returns
    -------
    tuple
        As from :func:`knn`.
    """
    names, codes = np.unique(labels, return_inverse=True)
    probabilities = np.ones((len(cells), 1))
    if len(names) > 1:
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        probabilities = model.fit(np.asarray(reference, dtype=float), codes).predict_proba(np.asarray(cells, float))
    distance = _nearest_reference(reference, cells, N_NEIGHBORS)[0].mean(axis=1)
    likeness = _likeness_in_embedding(reference, codes, cells, probabilities, distance, N_NEIGHBORS)
    return pd.DataFrame(probabilities, columns=names), _uncertainty(probabilities, likeness)


def from_probabilities(
    probabilities: pd.DataFrame, reference: np.ndarray, labels: np.ndarray, cells: np.ndarray
) -> np.ndarray:
    """Judge the probabilities that a method itself gave, by the embedding that it gave with them.

    Parameters
    ----------
    probabilities
        Cells x labels.
    reference, labels, cells
        As for :func:`knn`.

    Returns
    -------
    numpy.ndarray
        Uncertainty, one a cell, 0 to 1.
    """
    names = np.unique(labels)
    codes = np.searchsorted(names, labels)
    shares = probabilities.reindex(columns=names, fill_value=0.0).to_numpy(dtype=float)
    distance = _nearest_reference(reference, cells, N_NEIGHBORS)[0].mean(axis=1)
    likeness = _likeness_in_embedding(reference, codes, cells, shares, distance, N_NEIGHBORS)
    return np.clip(1 - probabilities.to_numpy(dtype=float).max(axis=1) * likeness, 0, 1)


def prediction_table(
    probabilities: pd.DataFrame,
    uncertainty: np.ndarray,
    *,
    truth: pd.Series,
    reference_labels: Iterable[str],
    task: str,
    unknown_above: float,
) -> pd.DataFrame:
    """Lay out the predictions of one task.

    Parameters
    ----------
    probabilities
        Cells (index) x labels. Of equally probable labels the first by name is predicted.
    uncertainty
        One a cell.
    truth
        Label of every cell, in the order of `probabilities`, missing where unknown.
    reference_labels
        Labels that the reference of this task has.
    task
        Name of the task.
    unknown_above
        Uncertainty above which the decision is ``unknown``.

    Returns
    -------
    pandas.DataFrame
        One row a cell: cell, task, truth (None where missing), seen (whether the reference has the true label,
        None without truth), prediction, probability (of the prediction), uncertainty, decision (the prediction, or
        ``unknown``), and ``p(<label>)`` for every label.
    """
    probabilities = probabilities[sorted(probabilities.columns)]
    shares = probabilities.to_numpy(dtype=np.float32)
    uncertainty = np.asarray(uncertainty, dtype=np.float32)
    best = shares.argmax(axis=1)
    prediction = probabilities.columns.to_numpy(dtype=object)[best]
    known = truth.notna().to_numpy()
    is_seen = truth.isin(list(reference_labels)).to_numpy()
    table = {
        "cell": probabilities.index.to_numpy(dtype=object),
        "task": task,
        "truth": np.where(known, truth.astype(object).to_numpy(), None),
        "seen": np.where(known, is_seen.astype(object), None),
        "prediction": prediction,
        "probability": shares[np.arange(len(best)), best],
        "uncertainty": uncertainty,
        "decision": np.where(uncertainty > unknown_above, UNKNOWN, prediction),
    }
    return pd.DataFrame(table | {f"p({label})": shares[:, i] for i, label in enumerate(probabilities.columns)})


def _nearest_reference(reference: np.ndarray, cells: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the nearest reference cells and their positions, cells x neighbours, ascending."""
    search = NearestNeighbors(n_neighbors=min(n_neighbors, len(reference))).fit(reference)
    positions = search.kneighbors(cells, return_distance=False)
    # The search expands the square; differences put identical cells exactly zero apart.
    distances = [np.linalg.norm(cells - reference[column], axis=1) for column in positions.T]
    return np.column_stack(distances).astype(float), positions


def _votes(distances: np.ndarray, codes: np.ndarray, counted: np.ndarray, n_labels: int) -> np.ndarray:
    """Share of every label in the weighted votes, cells x labels, of those neighbours that are counted."""
    squares = np.where(counted, distances, 0.0).astype(float) ** 2
    mean_square = squares.sum(axis=1, keepdims=True) / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    relative = np.divide(squares, mean_square, out=np.zeros_like(squares), where=mean_square > 0)
    weights = counted * np.exp(-SHARPNESS * relative)
    votes = np.zeros((len(codes), n_labels))
    np.add.at(votes, (np.arange(len(codes))[:, None], codes), weights)
    total = votes.sum(axis=1, keepdims=True)
    return np.divide(votes, total, out=np.full_like(votes, 1 / n_labels), where=total > 0)


def _likeness_in_embedding(
    reference: np.ndarray,
    codes: np.ndarray,
    cells: np.ndarray,
    probabilities: np.ndarray,
    distance: np.ndarray,
    n_neighbors: int,
) -> np.ndarray:
    reference_distance = np.zeros(len(reference))
    if len(reference) > 1:
        reference_distance = nearest_neighbors(reference, n_neighbors=n_neighbors).distances.mean(axis=1)
    together = nearest_neighbors(np.concatenate([reference, cells]), n_neighbors=SHARE_NEIGHBORS).indices
    share = (together < len(reference)).mean(axis=1)
    return _likeness(
        probabilities,
        codes,
        share=(share[: len(reference)], share[len(reference) :]),
        distance=(reference_distance, distance),
    )


def _likeness(
    probabilities: np.ndarray,
    codes: np.ndarray,
    *,
    share: tuple[np.ndarray, np.ndarray],
    distance: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """``share / distance**2`` of the module's formula, 0 to 1; pairs are of the reference and of cells to predict."""
    reference_share, found_share = share
    reference_distance, found_distance = distance
    reached = pd.Series(reference_distance).where(np.isfinite(reference_distance))
    usual_share = probabilities @ pd.Series(reference_share).groupby(codes).quantile(SHARE_QUANTILE).to_numpy()
    usual_distance = probabilities @ reached.groupby(codes).quantile(DISTANCE_QUANTILE).fillna(0).to_numpy()
    relative_share = np.divide(found_share, usual_share, out=np.ones_like(usual_share), where=usual_share > 0)
    is_far = found_distance > usual_distance
    nearness = np.divide(usual_distance, found_distance, out=np.ones_like(usual_share), where=is_far)
    return np.minimum(relative_share, 1) * nearness**2


def _uncertainty(probabilities: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    return np.clip(1 - probabilities.max(axis=1) * likeness, 0, 1)
