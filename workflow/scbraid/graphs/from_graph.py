"""The kNN graph of a graph method, such as BBKNN: no embedding behind it, so neighbours come from walks on it."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from scbraid.graphs.neighbors import Neighbors
from scbraid.graphs.shortest_paths import nearest_by_path


def graph_neighbors(distances: sparse.spmatrix, connectivities: sparse.spmatrix, *, n_neighbors: int = 90) -> Neighbors:
    """Find the nearest neighbours of every cell by shortest path over the edges of a graph.

    As many neighbours as metrics need, whatever the degree of the graph; shortest paths are what scIB's graph LISI
    walks (Luecken et al. 2022), there over connectivities, here over distances.

    Parameters
    ----------
    distances
        Cells x cells, from each cell to those that the method chose for it. An edge whose length is not stored, in
        neither direction, joins identical cells.
    connectivities
        Symmetric weights, cells x cells: the graph itself. Distances beside its edges are not walked.
    n_neighbors
        Neighbours a cell, the cell itself not counted; at most one less than the number of cells. Cells of a part of
        the graph that holds fewer have theirs repeated, see :func:`~scbraid.graphs.shortest_paths.nearest_by_path`: no
        neighbour is invented, and LISI of such a cell is that of its part.

    Raises
    ------
    ValueError
        If the connectivities are not symmetric, or the shapes differ.
    """
    graph = sparse.csr_matrix(connectivities, dtype=np.float32, copy=True)
    graph.eliminate_zeros()
    graph.sort_indices()
    if distances.shape != graph.shape or (graph != graph.T).nnz:
        raise ValueError("connectivities are a symmetric matrix of the shape of the distances")
    lengths = _lengths(graph, sparse.csr_matrix(distances))
    n_neighbors = min(n_neighbors, graph.shape[0] - 1)
    return Neighbors(*nearest_by_path(graph, lengths, n_neighbors), graph=graph, lengths=lengths)


def _lengths(graph: sparse.csr_matrix, distances: sparse.csr_matrix) -> np.ndarray:
    """Length of every stored edge, in the order of ``graph.data``: the distance that either of its cells stores."""
    either = distances.maximum(distances.T).tocsr()
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    return np.asarray(either[rows, graph.indices], dtype=np.float32).ravel()
