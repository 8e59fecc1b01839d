"""One layout of reference and query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.graphs.umap import umap_layout

if TYPE_CHECKING:
    from scbraid.mapping.reference import Reference


def joint_layout(
    embedding: pd.DataFrame, reference: Reference, *, n_neighbors: int = 15, min_dist: float = 0.5
) -> pd.DataFrame:
    """Lay out mapped cells among those of the reference.

    Parameters
    ----------
    embedding
        Mapped cells x dimensions.
    reference
        From :func:`scbraid.mapping.reference.read_reference`.
    n_neighbors, min_dist
        As in :func:`scbraid.graphs.umap.umap_layout`.

    Returns
    -------
    pandas.DataFrame
        Index cell (a name may stand in both parts); ``0`` and ``1``, float32; ``role``, ``reference`` or ``query``.
        The reference comes first. Another order of cells gives the same layout.
    """
    parts = {"reference": reference.embedding, "query": embedding}
    joint = pd.concat(parts, names=["role", "cell"])
    ordered = joint.sort_index()
    neighbors = nearest_neighbors(ordered.to_numpy())
    points = umap_layout(ordered, neighbors, n_neighbors=n_neighbors, min_dist=min_dist).to_numpy()
    place = ordered.index.get_indexer(joint.index)
    layout = pd.DataFrame(points[place], index=joint.index.get_level_values("cell"), columns=["0", "1"])
    layout["role"] = np.asarray(joint.index.get_level_values("role"))
    return layout
