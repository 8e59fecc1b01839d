"""Normalised expression, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy import sparse

    from scbraid.data.counts import Counts

TARGET_SUM = 1e4


def log_normalised(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """log1p of counts per 10,000 of a cell, cells x genes; the counts stay as they are."""
    import scanpy as sc  # importing it takes seconds

    data = sc.AnnData(counts.copy())
    sc.pp.normalize_total(data, target_sum=TARGET_SUM)
    sc.pp.log1p(data)
    return data.X


class LogNormalised:
    """:func:`log_normalised` of counts, a chunk of cells at a time."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.most_entries = counts.most_entries

    def chunks(self) -> Iterator[sparse.csr_matrix]:
        """Yield the expression of some cells at a time."""
        return map(log_normalised, self._counts.chunks())
