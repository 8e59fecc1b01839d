"""A set of cells to be scored, with the parts that several metrics need computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from scbraid.metrics import clustering, isolated, lisi, silhouette
from scbraid.neighbors import Neighbors, connectivities, nearest_neighbors

if TYPE_CHECKING:
    from scipy import sparse


@dataclass
class Cells:
    """Cells of one embedding; what is derived is computed at first use and kept.

    Attributes
    ----------
    embedding
        Cells x dimensions.
    batch
        Integers from 0, one a cell.
    labels
        Integers from 0, one a cell; -1 without a label; None for data without labels.
    neighbors
        The kNN graph of the embedding.
    pca
        PCA before integration, cells x components, or None.
    n_neighbors
        Size of the neighbourhoods that are clustered and tested for connectivity, the cell itself counted.
    seed
        Seed of the clustering.
    """

    embedding: np.ndarray
    batch: np.ndarray
    labels: np.ndarray | None
    neighbors: Neighbors
    pca: np.ndarray | None
    n_neighbors: int
    seed: int

    def labelled(self) -> Cells | None:
        """Return the cells that have a label, with a kNN graph of these alone; None where no two have one."""
        if self.labels is None:
            return None
        kept = self.labels >= 0
        if kept.all():
            return self
        if kept.sum() < 2:
            return None
        embedding = self.embedding[kept]
        if self.neighbors.graph is None:
            neighbors = nearest_neighbors(embedding, n_neighbors=self.neighbors.indices.shape[1], seed=self.seed)
        else:
            neighbors = self.neighbors.subset(kept)
        pca = None if self.pca is None else self.pca[kept]
        return Cells(embedding, self.batch[kept], self.labels[kept], neighbors, pca, self.n_neighbors, self.seed)

    @cached_property
    def n_batches(self) -> int:
        """Number of batches."""
        return len(np.unique(self.batch))

    @cached_property
    def n_labels(self) -> int:
        """Number of labels."""
        return len(np.unique(self.labels))

    @cached_property
    def graph(self) -> sparse.csr_matrix:
        """Weighted kNN graph, as UMAP weighs it."""
        return connectivities(self.neighbors, self.n_neighbors)

    @cached_property
    def partitions(self) -> list[np.ndarray]:
        """Leiden clusterings at all resolutions."""
        return clustering.leiden(self.graph, seed=self.seed)

    @cached_property
    def best_partition(self) -> np.ndarray:
        """The clustering that agrees best with the labels."""
        return clustering.best_partition(self.partitions, self.labels)

    @cached_property
    def label_widths(self) -> np.ndarray:
        """Silhouette width of every cell by label."""
        return silhouette.silhouette_samples(self.embedding, self.labels)

    @cached_property
    def isolated(self) -> np.ndarray:
        """Labels found in the fewest batches."""
        return isolated.isolated_labels(self.labels, self.batch)

    @cached_property
    def neighbor_probabilities(self) -> np.ndarray:
        """Weights of the neighbours for LISI."""
        return lisi.neighbor_probabilities(self.neighbors.distances)

    def lisi(self, categories: np.ndarray) -> np.ndarray:
        """LISI of every cell."""
        return lisi.lisi(self.neighbors.indices, self.neighbor_probabilities, categories)
