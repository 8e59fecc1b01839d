"""Clusterings that are compared with labels: the best of several, and k-means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbraid.graphs.leiden import leiden
from scbraid.metrics.agreement import ari, nmi
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from scbraid.metrics.cells import Cells


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


def partitions_of(cells: Cells) -> np.ndarray:
    """Leiden clusterings of some cells, cells x resolutions."""
    return leiden(cells.graph, cells.resolutions, seed=cells.seed)


def best_partition_of(cells: Cells) -> np.ndarray:
    """Return the clustering that agrees best with the labels."""
    return best_partition(cells.once(partitions_of), cells.labels)


def kmeans_of(cells: Cells) -> np.ndarray:
    """As many clusters as labels by k-means."""
    return kmeans(cells.embedding, cells.n_labels, seed=cells.seed)


def nmi_statistic(cells: Cells) -> Statistic:
    """NMI of the clustering that agrees best with the labels."""
    return Statistic(nmi, (cells.once(best_partition_of), cells.labels))


def ari_statistic(cells: Cells) -> Statistic:
    """ARI of the clustering whose NMI with the labels is largest."""
    return Statistic(ari, (cells.once(best_partition_of), cells.labels))


def nmi_kmeans_statistic(cells: Cells) -> Statistic:
    """NMI of k-means."""
    return Statistic(nmi, (cells.once(kmeans_of), cells.labels))


def ari_kmeans_statistic(cells: Cells) -> Statistic:
    """ARI of k-means."""
    return Statistic(ari, (cells.once(kmeans_of), cells.labels))
