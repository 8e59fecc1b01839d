"""The kNN graph of a run: computed once, shared by UMAP, metrics and label transfer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from scbraid.graphs.distances import nearest
from scbraid.graphs.fuzzy import memberships
from scbraid.graphs.shortest_paths import nearest_by_path
from scbraid.parallel import thread_count

if TYPE_CHECKING:
    from os import PathLike

EXACT_UP_TO = 200_000


@dataclass(frozen=True)
class Neighbors:
    """Nearest neighbours of every cell, the cell itself left out, ascending distance.

    Attributes
    ----------
    indices
        int32, cells x neighbours.
    distances
        float32, cells x neighbours: Euclidean, or along the shortest path of a graph method.
    graph
        Of a graph method: its symmetric connectivities, cells x cells, float32.
    lengths
        Of a graph method: the length of every edge, float32, in the order of ``graph.data``.
    """

    indices: np.ndarray
    distances: np.ndarray
    graph: sparse.csr_matrix | None = None
    lengths: np.ndarray | None = None

    def save(self, path: str | PathLike[str]) -> None:
        """Write an ``.npz`` file whose bytes depend on the content only."""
        arrays = {"indices": self.indices, "distances": self.distances}
        if self.graph is not None:
            edges = {"data": self.graph.data, "indices": self.graph.indices, "indptr": self.graph.indptr}
            arrays |= {f"graph_{name}": array for name, array in edges.items()} | {"graph_lengths": self.lengths}
        # another order in memory would be written as such
        np.savez(path, allow_pickle=False, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Neighbors:
        """Read what :meth:`save` wrote."""
        with np.load(Path(path), allow_pickle=False) as arrays:
            nearest_cells = arrays["indices"], arrays["distances"]
            if "graph_data" not in arrays:
                return cls(*nearest_cells)
            edges = tuple(arrays[f"graph_{name}"] for name in ("data", "indices", "indptr"))
            n_cells = len(nearest_cells[0])
            return cls(*nearest_cells, sparse.csr_matrix(edges, shape=(n_cells, n_cells)), arrays["graph_lengths"])

    def subset(self, kept: np.ndarray) -> Neighbors:
        """Restrict the neighbours of a graph method to some cells.

        Neighbours are the nearest kept cells, as many as before where there are as many; paths lead through the other
        cells too, as an embedding keeps its distances when cells are left out.

        Parameters
        ----------
        kept
            Boolean, one a cell.

        Raises
        ------
        ValueError
            Without a graph: the neighbours in an embedding are searched anew.
        """
        if self.graph is None or self.lengths is None:
            raise ValueError("only the neighbours of a graph method have a subset")
        n_neighbors = min(self.indices.shape[1], int(kept.sum()) - 1)
        indices, distances = nearest_by_path(self.graph, self.lengths, n_neighbors, counted=kept)
        structure = (np.arange(self.graph.nnz), self.graph.indices, self.graph.indptr)
        edges = sparse.csr_matrix(structure, shape=self.graph.shape)[kept][:, kept]
        graph = sparse.csr_matrix((self.graph.data[edges.data], edges.indices, edges.indptr), shape=edges.shape)
        renumbered = np.cumsum(kept, dtype=np.int32) - 1
        return Neighbors(renumbered[indices], distances, graph, self.lengths[edges.data])


def no_neighbors(n_cells: int) -> Neighbors:
    """Stand for the kNN graph of a run that failed: no cell has a neighbour."""
    return Neighbors(np.empty((n_cells, 0), dtype=np.int32), np.empty((n_cells, 0), dtype=np.float32))


def nearest_neighbors(embedding: np.ndarray, *, n_neighbors: int = 90, seed: int = 0) -> Neighbors:
    """Find the nearest neighbours of every cell by Euclidean distance; none without dimensions (a failed run).

    Exact up to ``EXACT_UP_TO`` cells; above, nearest-neighbour descent (Dong et al. 2011) as pynndescent runs it.

    Parameters
    ----------
    embedding
        Cells x dimensions.
    n_neighbors
        Neighbours a cell, the cell itself not counted; at most one less than the number of cells.
    seed
        Seed of the approximate search.

    Raises
    ------
    ValueError
        For fewer than two cells, or values that are not finite.
    """
    if embedding.shape[1] == 0:
        return no_neighbors(len(embedding))
    if len(embedding) < 2:
        raise ValueError(f"neighbours need at least two cells, got {len(embedding)}")
    if not np.isfinite(embedding).all():
        raise ValueError("the embedding holds values that are not finite")
    n_neighbors = min(n_neighbors, len(embedding) - 1)
    if len(embedding) <= EXACT_UP_TO:
        return Neighbors(*nearest(embedding, n_neighbors))
    return _approximate(embedding, n_neighbors, seed)


def neighbors_within(embedding: np.ndarray, neighbors: Neighbors, kept: np.ndarray, *, seed: int = 0) -> Neighbors:
    """Return the kNN graph of some of the cells alone, of as many neighbours as before where there are as many.

    Parameters
    ----------
    embedding
        All cells x dimensions.
    neighbors
        The kNN graph of all cells; a graph method has no other, the neighbours in an embedding are searched anew.
    kept
        Boolean, one a cell.
    seed
        Seed of the approximate search.
    """
    if kept.all():
        return neighbors
    if neighbors.graph is not None:
        return neighbors.subset(kept)
    return nearest_neighbors(embedding[kept], n_neighbors=neighbors.indices.shape[1], seed=seed)


def connectivities(neighbors: Neighbors, n_neighbors: int = 15) -> sparse.csr_matrix:
    """Weigh the kNN graph as UMAP does.

    Parameters
    ----------
    neighbors
        The kNN graph. Where it is that of a graph method, its own connectivities are returned as they are.
    n_neighbors
        Size of a neighbourhood, the cell itself counted (scanpy's meaning); at most one more than the graph holds.

    Returns
    -------
    Symmetric float32 matrix, cells x cells, of fuzzy set memberships: the probabilistic union of the two directed
    memberships of a pair (McInnes et al. 2018, section 3.1).
    """
    if neighbors.graph is not None:
        return neighbors.graph
    indices, distances = neighbors.indices[:, : n_neighbors - 1], neighbors.distances[:, : n_neighbors - 1]
    n_cells, n_others = indices.shape
    starts = np.arange(0, n_cells * n_others + 1, n_others)
    directed = sparse.csr_matrix(
        (memberships(distances).ravel(), indices.ravel(), starts), shape=(n_cells, n_cells), copy=True
    )
    directed.eliminate_zeros()
    reverse = directed.T.tocsr()
    union = (directed + reverse - directed.multiply(reverse)).tocsr()
    union.eliminate_zeros()
    union.sort_indices()
    return union


def _approximate(embedding: np.ndarray, n_neighbors: int, seed: int) -> Neighbors:
    from pynndescent import NNDescent  # importing it takes seconds

    points = np.asarray(embedding, dtype=np.float32)
    index = NNDescent(points, n_neighbors=n_neighbors + 1, random_state=seed, n_jobs=thread_count())
    return _without_self(*index.neighbor_graph)


def _without_self(indices: np.ndarray, distances: np.ndarray) -> Neighbors:
    """Drop one column a row: the cell itself, or the farthest cell where duplicates hide the cell itself."""
    dropped = indices == np.arange(len(indices))[:, None]
    dropped[~dropped.any(axis=1), -1] = True
    shape = (len(indices), indices.shape[1] - 1)
    return Neighbors(
        indices=indices[~dropped].reshape(shape).astype(np.int32),
        distances=distances[~dropped].reshape(shape).astype(np.float32),
    )
