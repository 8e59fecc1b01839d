"""Graph connectivity (Luecken et al. 2022)."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


def graph_connectivity(graph: sparse.csr_matrix, labels: np.ndarray) -> float:
    """Share of the cells of a label in its largest connected part of the graph, mean over labels.

    Parameters
    ----------
    graph
        Symmetric weights, cells x cells.
    labels
        Integers from 0, one a cell.

    Returns
    -------
    Above 0, at most 1 (every label is one connected part).
    """
    edges = graph.tocoo()
    kept = labels[edges.row] == labels[edges.col]
    within = sparse.coo_matrix((edges.data[kept], (edges.row[kept], edges.col[kept])), shape=graph.shape)
    _, parts = connected_components(within, directed=False)
    part_sizes = np.bincount(parts)
    largest = np.zeros(int(labels.max()) + 1)
    np.maximum.at(largest, labels, part_sizes[parts])
    sizes = np.bincount(labels)
    return float(np.mean(largest[sizes > 0] / sizes[sizes > 0]))
