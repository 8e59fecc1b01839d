"""Graph connectivity (Luecken et al. 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from scbraid.metrics.by_label import mean_over_labels
from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from scbraid.metrics.cells import Cells


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


def graph_connectivity_statistic(cells: Cells) -> Statistic:
    """Share of a label in its largest part, mean over labels."""
    return Statistic(mean_over_labels, (in_largest_part(cells.graph, cells.labels), cells.labels))
