"""Clusterings that are compared with labels: the best of several, and k-means."""

from __future__ import annotations

import numpy as np

from scbraid.metrics.agreement import nmi


def best_partition(partitions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the partition with the largest NMI against the labels, the first of equals (scIB)."""
    return max(partitions.T, key=lambda clusters: nmi(clusters, labels))


def kmeans(embedding: np.ndarray, n_clusters: int, *, seed: int = 0) -> np.ndarray:
    """Cluster an embedding by k-means, the best of 10 starts.

    Parameters
    ----------
    embedding
        Cells x dimensions.
    n_clusters
        Number of clusters.
    seed
        Seed of the starts.

    Returns
    -------
    The cluster of every cell, integers from 0.
    """
    from sklearn.cluster import KMeans  # importing it takes half a second
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):  # sums of several threads depend on their order
        return KMeans(n_clusters, n_init=10, random_state=seed).fit_predict(np.asarray(embedding, dtype=np.float32))
