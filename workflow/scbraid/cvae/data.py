"""Counts and covariates of all cells, and the minibatches taken from them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

NONZEROS_AT_ONCE = 2**20


@dataclass(frozen=True)
class Covariates:
    """What is known of each cell beside its counts.

    Attributes
    ----------
    codes
        Codes of the batch (first column) and of further categorical covariates, cells x (1 + covariates).
    continuous
        Standardised continuous covariates, cells x covariates.
    label
        Code of the label, -1 where it is unknown, shape (cells,).
    """

    codes: Tensor
    continuous: Tensor
    label: Tensor

    @property
    def batch(self) -> Tensor:
        """Code of the batch, shape (cells,)."""
        return self.codes[:, 0]

    def to(self, device: torch.device) -> Covariates:
        """Move every part to a device."""
        return Covariates(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    def __getitem__(self, cells: Tensor | slice) -> Covariates:
        return Covariates(*(getattr(self, name)[cells] for name in self.__dataclass_fields__))


class SparseValues(NamedTuple):
    """Values of a sparse matrix in compressed rows (or, seen from the other side, compressed columns).

    Attributes
    ----------
    starts
        First entry of each row and the number of entries, shape (rows + 1,).
    columns
        Column of each entry, shape (entries,).
    values
        Value of each entry, shape (entries,).
    """

    starts: Tensor
    columns: Tensor
    values: Tensor


@dataclass(frozen=True)
class Minibatch:
    """Some cells with their non-zero counts.

    Attributes
    ----------
    counts
        Counts in compressed rows, cells x genes.
    cells
        Row of each non-zero count, shape (non-zeros,).
    positions
        Place of each non-zero count in the flattened dense matrix, shape (non-zeros,).
    library
        Sum of each cell's counts, shape (cells,).
    log_factorials
        Sum of log x! over each cell's counts, shape (cells,).
    covariates
        The same cells' covariates.
    n_genes
        Genes of the model.
    """

    counts: SparseValues
    cells: Tensor
    positions: Tensor
    library: Tensor
    log_factorials: Tensor
    covariates: Covariates
    n_genes: int

    def __len__(self) -> int:
        return len(self.library)

    def sum_by_cell(self, values: Tensor) -> Tensor:
        """Sum one value a non-zero count over each cell, shape (cells,)."""
        return torch.segment_reduce(values, "sum", offsets=self.counts.starts)

    def counts_by_gene(self) -> SparseValues:
        """Return the counts with genes as rows and cells as columns."""
        parts = (self.counts.values.numpy(), self.counts.columns.numpy(), self.counts.starts.numpy())
        transposed = sparse.csr_matrix(parts, shape=(len(self), self.n_genes)).tocsc()
        return SparseValues(*map(torch.from_numpy, (transposed.indptr, transposed.indices, transposed.data)))


class CellData:
    """All cells' counts and covariates.

    Parameters
    ----------
    counts
        Non-negative integer counts in compressed rows, cells x genes, columns in the model's order, indices sorted.
    covariates
        Covariates of the same cells.
    order
        Rows in the order in which the model counts its cells.
    device
        Where the arithmetic happens.
    dtype
        Floating point type of the minibatches.
    """

    def __init__(
        self,
        counts: sparse.csr_matrix,
        covariates: Covariates,
        *,
        order: np.ndarray,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.n_cells, self.n_genes = counts.shape
        self.device = device
        self.dtype = dtype
        self._counts = counts
        self._order = order
        self._library = torch.from_numpy(np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()).to(dtype)
        self._log_factorials = log_factorials(counts).to(dtype)
        self._covariates = covariates

    def minibatches(self, cells: np.ndarray, batch_size: int) -> Iterator[Minibatch]:
        """Cut a sequence of cells into minibatches of near-equal size.

        Sizes differ by at most one and none exceeds `batch_size`, so no minibatch is too small for its statistics.
        The counts of several minibatches are gathered at once.
        """
        rows = self._order[cells]
        n_minibatches = -(-len(rows) // batch_size)
        bounds = np.linspace(0, len(rows), n_minibatches + 1).round().astype(np.int64)
        at_once = max(1, NONZEROS_AT_ONCE * len(rows) // max(1, self._counts.nnz * batch_size))
        for first in range(0, n_minibatches, at_once):
            window = bounds[first : first + at_once + 1]
            yield from self._gather(rows[window[0] : window[-1]], window - window[0])

    def _gather(self, rows: np.ndarray, bounds: np.ndarray) -> Iterator[Minibatch]:
        """Copy some rows and yield them in minibatches between the given bounds."""
        counts = self._counts[rows]
        starts = torch.from_numpy(counts.indptr)
        genes = torch.from_numpy(counts.indices)
        values = torch.from_numpy(counts.data.astype(np.int32, copy=False)).to(self.dtype)
        within = torch.from_numpy(np.arange(len(rows)) - np.repeat(bounds[:-1], np.diff(bounds)))
        cells = within.repeat_interleave(starts.diff().long(), output_size=len(values))
        positions = torch.add(genes, cells, alpha=self.n_genes)
        rows = torch.from_numpy(rows)
        library, log_factorials, covariates = self._library[rows], self._log_factorials[rows], self._covariates[rows]
        for first, last in itertools.pairwise(bounds.tolist()):
            begin, end = int(counts.indptr[first]), int(counts.indptr[last])
            yield Minibatch(
                counts=SparseValues(starts[first : last + 1] - begin, genes[begin:end], values[begin:end]),
                cells=cells[begin:end],
                positions=positions[begin:end],
                library=library[first:last],
                log_factorials=log_factorials[first:last],
                covariates=covariates[first:last],
                n_genes=self.n_genes,
            )


def log_factorials(counts: sparse.csr_matrix, *, cells_at_once: int = 2**14) -> Tensor:
    """Sum of log x! over each row of a matrix of counts, float64, shape (rows,)."""
    parts = [torch.empty(0, dtype=torch.float64)]
    for first in range(0, counts.shape[0], cells_at_once):
        starts = counts.indptr[first : first + cells_at_once + 1]
        values = counts.data[starts[0] : starts[-1]].astype(np.float64)
        offsets = torch.from_numpy((starts - starts[0]).astype(np.int64))
        parts.append(torch.segment_reduce(torch.lgamma(torch.from_numpy(values) + 1), "sum", offsets=offsets))
    return torch.cat(parts)
