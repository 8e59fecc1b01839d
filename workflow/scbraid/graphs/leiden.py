"""Leiden clusterings of a kNN graph over a range of resolutions."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import igraph
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scipy import sparse


_DRAWS_AT_ONCE = 4096


def leiden(graph: sparse.csr_matrix, resolutions: Iterable[float], *, seed: int = 0) -> np.ndarray:
    """Cluster a graph by the Leiden algorithm, once a resolution.

    The partitions are those of scanpy's ``tl.leiden(flavor="igraph", n_iterations=2, directed=False)``: modularity,
    weighted edges, the random state set anew for every resolution.

    Parameters
    ----------
    graph
        Symmetric weights, cells x cells.
    resolutions
        Larger values give more clusters.
    seed
        Seed of the order in which nodes are visited.

    Returns
    -------
    Clusters, cells x resolutions, integers from 0.
    """
    edges = graph.tocoo()
    once = edges.row < edges.col  # scanpy adds every pair twice: the same partitions for twice the work
    network = igraph.Graph(n=graph.shape[0], edges=np.column_stack([edges.row[once], edges.col[once]]))
    network.es["weight"] = 2 * edges.data[once].astype(np.float64)
    partitions = []
    try:
        for resolution in resolutions:
            igraph.set_random_number_generator(_SeededStream(seed))
            partition = network.community_leiden(
                objective_function="modularity", weights="weight", resolution=resolution, n_iterations=2
            )
            partitions.append(np.array(partition.membership, dtype=np.int32))
    finally:
        igraph.set_random_number_generator(random)
    return np.column_stack(partitions)


class _SeededStream(random.Random):
    """The random numbers that scanpy feeds igraph: numpy's legacy generator, here drawn many at once."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._state = np.random.RandomState(seed)
        self._words: Iterator[int] = iter(())

    def getrandbits(self, n_bits: int) -> int:
        return self._next_word() & ((1 << n_bits) - 1)

    def random(self) -> float:
        word = self._next_word()
        return ((word >> 36) * 2.0**26 + ((word & 0x7FFFFFFF) >> 5)) / 2.0**53

    def _next_word(self) -> int:
        """Return 63 bits, all that one call of ``tomaxint`` or of ``random_sample`` takes from the generator."""
        for word in self._words:
            return word
        self._words = iter(self._state.tomaxint(_DRAWS_AT_ONCE).tolist())
        return next(self._words)
