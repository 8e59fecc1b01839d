"""Conservation of a trajectory (Luecken et al. 2022): diffusion pseudotime after integration against one given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.stats import spearmanr

from scbraid.metrics.statistic import Statistic

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse

    from scbraid.metrics.cells import Cells

#: diffusion pseudotime takes ten components of as many cells and one
FEWEST_CELLS = 11
_ROOT_COMPONENTS = 3


def pseudotime_after(graph: sparse.csr_matrix, pseudotime: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Diffusion pseudotime (Haghverdi et al. 2016, as scanpy computes it) on the graph of an integration.

    The root is sought as in scIB: in the label whose mean of the given pseudotime is smallest, the cell that is most
    often extreme in the first three diffusion components of the largest connected part.

    Parameters
    ----------
    graph
        Symmetric weights, cells x cells.
    pseudotime
        Given before integration, one a cell.
    labels
        Integers from 0, one a cell.

    Returns
    -------
    One a cell, 0 outside the largest connected part; None where that part has no cell of the first label, or fewer than
    11 cells.
    """
    import scanpy as sc

    parts = connected_components(graph, directed=False)[1]
    inside = np.flatnonzero(parts == np.bincount(parts).argmax())
    sums, sizes = np.bincount(labels, weights=pseudotime), np.bincount(labels)
    means = np.divide(sums, sizes, out=np.full(len(sums), np.inf), where=sizes > 0)
    first = np.flatnonzero(labels[inside] == means.argmin())
    if not len(first) or len(inside) < FEWEST_CELLS:
        return None
    part = sc.AnnData(np.zeros((len(inside), 1)), obsp={"connectivities": graph[inside][:, inside]})
    part.uns["neighbors"] = {"connectivities_key": "connectivities", "params": {"method": "umap", "n_neighbors": None}}
    sc.tl.diffmap(part)
    part.uns["iroot"] = first[_most_extreme(part, first)]
    sc.tl.dpt(part)
    after = np.zeros(len(labels))
    after[inside] = part.obs["dpt_pseudotime"]
    return np.where(after > 1, 0.0, after)


def conservation(before: np.ndarray, after: np.ndarray) -> float | None:
    """Spearman's correlation of two pseudotimes, moved from -1 to 1 to 0 to 1; None where one of them is constant."""
    if np.ptp(before) == 0 or np.ptp(after) == 0:
        return None
    return float((spearmanr(before, after).statistic + 1) / 2)


def trajectory_statistic(cells: Cells) -> Statistic | None:
    """Conservation of the pseudotime of the cells that have one; None where these are too few.

    A score of 0 where the first label is not in the largest connected part of the graph.
    """
    if cells.pseudotime is None:
        return None
    kept = ~np.isnan(cells.pseudotime)
    if kept.sum() < FEWEST_CELLS:
        return None
    before = cells.pseudotime[kept]
    after = pseudotime_after(cells.graph[kept][:, kept], before, cells.labels[kept])
    if after is None:
        return Statistic(lambda: 0.0, ())
    return Statistic(conservation, (before, after))


def _most_extreme(part: AnnData, candidates: np.ndarray) -> int:
    """Index of the candidate that is extreme in most of the first diffusion components, the first of equals."""
    votes = np.zeros(len(candidates))
    components = part.obsm["X_diffmap"]
    for index in range(min(_ROOT_COMPONENTS, components.shape[1])):
        values = components[candidates, index]
        below = values.mean() < components[:, index].mean()
        votes[values.argmin() if below else values.argmax()] += 1
    return int(votes.argmax())
