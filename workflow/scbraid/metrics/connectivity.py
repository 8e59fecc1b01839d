"""Graph connectivity (Luecken et al. 2022)."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


def in_largest_part(graph: sparse.csr_matrix, labels: np.ndarray) -> np.ndarray:
    """Whether a cell is in the largest part of its label: cells of one label that the graph connects.

    Parameters
    ----------
    graph
        Symmetric weights, cells x cells.
    labels
        Integers from 0, one a cell.

    Returns
    -------
    1.0 or 0.0, one a cell; their mean over labels is the graph connectivity. Of equally large parts the first counts.
    """
    edges = graph.tocoo()
    kept = labels[edges.row] == labels[edges.col]
    within = sparse.coo_matrix((edges.data[kept], (edges.row[kept], edges.col[kept])), shape=graph.shape)
    _, parts = connected_components(within, directed=False)
    by_size = np.lexsort([parts, -np.bincount(parts)[parts]])
    present, first = np.unique(labels[by_size], return_index=True)
    largest = np.full(int(labels.max()) + 1, -1)
    largest[present] = parts[by_size[first]]
    return (parts == largest[labels]).astype(np.float64)
