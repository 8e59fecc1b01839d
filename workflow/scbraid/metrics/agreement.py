"""Agreement of a clustering with labels."""

from __future__ import annotations

import numpy as np


def contingency(clusters: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Count the cells of every pair of cluster and label.

    Parameters
    ----------
    clusters, labels
        Integers from 0, one a cell.

    Returns
    -------
    int64, clusters x labels.
    """
    n_labels = int(labels.max()) + 1
    counts = np.bincount(clusters.astype(np.int64) * n_labels + labels, minlength=(int(clusters.max()) + 1) * n_labels)
    return counts.reshape(-1, n_labels)


def nmi(clusters: np.ndarray, labels: np.ndarray) -> float:
    """Compute normalised mutual information, the arithmetic mean of both entropies as the norm.

    Parameters
    ----------
    clusters, labels
        Integers from 0, one a cell.

    Returns
    -------
    From 0 (independent) to 1 (the same partition).
    """
    shares = contingency(clusters, labels) / len(labels)
    by_cluster, by_label = shares.sum(axis=1), shares.sum(axis=0)
    norm = (_entropy(by_cluster) + _entropy(by_label)) / 2
    if norm == 0:
        return 1.0
    row, column = shares.nonzero()
    joint = shares[row, column]
    information = np.sum(joint * np.log(joint / (by_cluster[row] * by_label[column])))
    return float(np.clip(information / norm, 0.0, 1.0))


def ari(clusters: np.ndarray, labels: np.ndarray) -> float:
    """Compute the adjusted Rand index (Hubert and Arabie 1985).

    Parameters
    ----------
    clusters, labels
        Integers from 0, one a cell.

    Returns
    -------
    1 for the same partition, around 0 for independent ones; can be negative.
    """
    counts = contingency(clusters, labels)
    both = _pairs(counts)
    same_cluster, same_label = _pairs(counts.sum(axis=1)), _pairs(counts.sum(axis=0))
    expected = same_cluster * same_label / _pairs(np.array([len(labels)]))
    largest = (same_cluster + same_label) / 2
    return 1.0 if largest == expected else float((both - expected) / (largest - expected))


def best_f1(clusters: np.ndarray, members: np.ndarray) -> float:
    """Return the F1 score of the cluster that matches a set of cells best.

    Parameters
    ----------
    clusters
        Integers from 0, one a cell.
    members
        Boolean, one a cell: the cells to be found.
    """
    found = np.bincount(clusters, weights=members)
    sizes = np.bincount(clusters)
    return float(np.max(2 * found / (sizes + members.sum())))


def _entropy(shares: np.ndarray) -> float:
    shares = shares[shares > 0]
    return float(-np.sum(shares * np.log(shares)))


def _pairs(counts: np.ndarray) -> float:
    return float(np.sum(counts * (counts - 1.0)) / 2)
