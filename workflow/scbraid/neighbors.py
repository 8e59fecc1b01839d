"""The kNN graph of an embedding: computed once a run, shared by UMAP, metrics and label transfer."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from scbraid.distances import nearest
from scbraid.fuzzy import memberships
from scbraid.parallel import thread_count

if TYPE_CHECKING:
    from os import PathLike

EXACT_UP_TO = 200_000
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Neighbors:
    """Nearest neighbours of every cell, the cell itself left out, ascending distance.

    Attributes
    ----------
    indices
        int32, cells x neighbours.
    distances
        float32, cells x neighbours, Euclidean.
    """

    indices: np.ndarray
    distances: np.ndarray

    def save(self, path: str | PathLike[str]) -> None:
        """Write an ``.npz`` file whose bytes depend on the content only."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name in ("indices", "distances"):
                buffer = io.BytesIO()
                np.lib.format.write_array(buffer, np.ascontiguousarray(getattr(self, name)), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH), buffer.getbuffer())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Neighbors:
        """Read what :meth:`save` or ``numpy.savez`` wrote."""
        with np.load(Path(path), allow_pickle=False) as arrays:
            return cls(indices=arrays["indices"], distances=arrays["distances"])


def nearest_neighbors(embedding: np.ndarray, *, n_neighbors: int = 90, seed: int = 0) -> Neighbors:
    """Find the nearest neighbours of every cell by Euclidean distance.

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
    if len(embedding) < 2:
        raise ValueError(f"neighbours need at least two cells, got {len(embedding)}")
    if not np.isfinite(embedding).all():
        raise ValueError("the embedding holds values that are not finite")
    n_neighbors = min(n_neighbors, len(embedding) - 1)
    if len(embedding) <= EXACT_UP_TO:
        return Neighbors(*nearest(embedding, n_neighbors))
    return _approximate(embedding, n_neighbors, seed)


def connectivities(neighbors: Neighbors, n_neighbors: int = 15) -> sparse.csr_matrix:
    """Weigh the kNN graph as UMAP does.

    Parameters
    ----------
    neighbors
        The kNN graph.
    n_neighbors
        Size of a neighbourhood, the cell itself counted (scanpy's meaning); at most one more than the graph holds.

    Returns
    -------
    Symmetric float32 matrix, cells x cells, of fuzzy set memberships: the probabilistic union of the two directed
    memberships of a pair (McInnes et al. 2018, section 3.1).
    """
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
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(indices), indices.shape[1] - 1)
    return Neighbors(
        indices=indices[~own].reshape(shape).astype(np.int32),
        distances=distances[~own].reshape(shape).astype(np.float32),
    )
