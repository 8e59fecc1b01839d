"""Two-dimensional UMAP layout of an embedding, from its kNN graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components

from scbraid.files import embedding_table
from scbraid.graphs.neighbors import Neighbors, connectivities

if TYPE_CHECKING:
    import pandas as pd


def umap_layout(
    embedding: pd.DataFrame, neighbors: Neighbors, *, n_neighbors: int = 15, min_dist: float = 0.5, seed: int = 0
) -> pd.DataFrame:
    """Lay cells out in two dimensions (UMAP; McInnes et al. 2018, arXiv:1802.03426).

    Parameters
    ----------
    embedding
        Cells x dimensions.
    neighbors
        Its kNN graph.
    n_neighbors
        Neighbours of a cell in the graph, the cell itself counted.
    min_dist
        Smallest distance between two points of the layout.
    seed
        Seed of the layout.

    Returns
    -------
    pandas.DataFrame
        Cells x 2, float32, the same bytes for the same seed; without columns for a failed run, which has no neighbours.
    """
    if neighbors.indices.size == 0:
        return embedding[[]]
    from umap.umap_ import find_ab_params, simplicial_set_embedding  # importing it takes seconds

    # a graph has no embedding to lay out its parts by
    is_whole = embedding.shape[1] > 0 or connected_components(neighbors.graph)[0] == 1
    a, b = find_ab_params(spread=1.0, min_dist=min_dist)
    coordinates, _ = simplicial_set_embedding(
        data=embedding.to_numpy(),
        graph=connectivities(neighbors, n_neighbors).tocoo(),
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=None,
        init="spectral" if is_whole else "random",
        random_state=np.random.RandomState(seed),
        metric="euclidean",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
        parallel=False,
    )
    return embedding_table(coordinates, embedding.index)
