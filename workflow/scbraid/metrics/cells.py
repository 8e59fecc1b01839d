"""A set of cells to be scored, with the parts that several metrics need computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from scbraid.graphs.leiden import leiden
from scbraid.graphs.neighbors import Neighbors, connectivities, neighbors_within
from scbraid.metrics import clustering, isolated, lisi, silhouette

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse


@dataclass(frozen=True)
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
    pseudotime
        Before integration, one a cell, NaN off the trajectory; or None.
    phases
        Scores of cell cycle phases, cells x 2, or None.
    explained
        Share of the variance before integration that these explain, one a batch; or None.
    expression
        Expression before and after correction; or None.
    resolutions
        Of the Leiden clusterings.
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
    pseudotime: np.ndarray | None
    phases: np.ndarray | None
    explained: np.ndarray | None
    expression: tuple[AnnData, AnnData] | None
    resolutions: tuple[float, ...]
    n_neighbors: int
    seed: int

    def labelled(self) -> Cells | None:
        """Return the cells that have a label; None where no two have one."""
        return None if self.labels is None else self.only(self.labels >= 0)

    def only(self, kept: np.ndarray) -> Cells | None:
        """Return some of the cells, with a kNN graph of these alone; None where there are less than two."""
        if kept.all():
            return self
        if kept.sum() < 2:
            return None
        one_a_cell = ("embedding", "batch", "labels", "pca", "pseudotime", "phases")
        parts = {name: getattr(self, name) for name in one_a_cell}
        parts = {name: None if array is None else array[kept] for name, array in parts.items()}
        expression = None if self.expression is None else tuple(data[kept] for data in self.expression)
        neighbors = neighbors_within(self.embedding, self.neighbors, kept, seed=self.seed)
        return replace(self, **parts, expression=expression, neighbors=neighbors)

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
    def partitions(self) -> np.ndarray:
        """Leiden clusterings, cells x resolutions."""
        return leiden(self.graph, self.resolutions, seed=self.seed)

    @cached_property
    def best_partition(self) -> np.ndarray:
        """The clustering that agrees best with the labels."""
        return clustering.best_partition(self.partitions, self.labels)

    @cached_property
    def kmeans(self) -> np.ndarray:
        """As many clusters as labels by k-means."""
        return clustering.kmeans(self.embedding, self.n_labels, seed=self.seed)

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
