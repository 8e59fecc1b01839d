"""Cells for training: counts and covariates, cut into minibatches."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from scbraid.cvae.counts import HostCounts, SparseValues, place, prefetched, to_device

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRIES_AT_ONCE = 2**20
SMALLEST_MINIBATCH = 2
CELLS_A_DIGEST = 4096


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
        """Move everything to a device."""
        return Covariates(self.codes.to(device), self.continuous.to(device), self.label.to(device))

    def __getitem__(self, cells: Tensor | slice) -> Covariates:
        return Covariates(self.codes[cells], self.continuous[cells], self.label[cells])


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
    above_one
        Which of the non-zero counts are above one, as positions among them; only known on the host.
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
    above_one: Tensor | None
    library: Tensor
    log_factorials: Tensor
    covariates: Covariates
    n_genes: int

    def __len__(self) -> int:
        return len(self.library)

    def sum_by_cell(self, values: Tensor) -> Tensor:
        """Sum one value a non-zero count over each cell, shape (cells,)."""
        return torch.segment_reduce(values, "sum", offsets=self.counts.starts, unsafe=True)

    def dense(self, values: Tensor) -> Tensor:
        """Spread one value a non-zero count over a matrix of zeros, cells x genes."""
        flat = values.new_zeros(len(self) * self.n_genes)
        return flat.scatter_(0, self.positions, values).view(len(self), self.n_genes)

    def by_gene(self, values: Tensor) -> SparseValues:
        """Sort one value a non-zero count into rows of genes and columns of cells; on the host only."""
        parts = (values.numpy(), self.counts.columns.numpy(), self.counts.starts.numpy())
        transposed = sparse.csr_matrix(parts, shape=(len(self), self.n_genes)).tocsc()
        return SparseValues(*map(torch.from_numpy, (transposed.indptr, transposed.indices, transposed.data)))

    def part(self, first: int, last: int, begin: int, end: int) -> Minibatch:
        """Return the cells from `first` up to `last`, whose non-zero counts are those from `begin` up to `end`."""
        starts, columns, values = self.counts
        above_one = self.above_one
        if above_one is not None:
            above_one = above_one[slice(*np.searchsorted(above_one.numpy(), (begin, end)))] - begin
        return Minibatch(
            counts=SparseValues(starts[first : last + 1] - begin, columns[begin:end], values[begin:end]),
            cells=self.cells[begin:end] - first,
            positions=self.positions[begin:end] - first * self.n_genes,
            above_one=above_one,
            library=self.library[first:last],
            log_factorials=self.log_factorials[first:last],
            covariates=self.covariates[first:last],
            n_genes=self.n_genes,
        )

    def split(self, n_parts: int) -> list[Minibatch]:
        """Cut into parts of near-equal size."""
        bounds = np.linspace(0, len(self), n_parts + 1).round().astype(int)
        starts = self.counts.starts[bounds].tolist()
        return [
            self.part(*cells, *counts) for cells, counts in zip(itertools.pairwise(bounds), itertools.pairwise(starts))
        ]


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
        self._order = order
        self._entries_a_cell = counts.nnz / self.n_cells
        self._counts = place(counts, device, dtype)
        library, log_factorials = cell_sums(counts)
        self._library, self._log_factorials = library.to(device, dtype), log_factorials.to(device, dtype)
        self._covariates = covariates.to(device)

    def minibatches(self, cells: np.ndarray, batch_size: int) -> Iterator[Minibatch]:
        """Cut a sequence of cells into minibatches of near-equal size.

        The counts of several minibatches are copied at once.
        """
        rows = self._order[cells]
        bounds = np.linspace(0, len(rows), n_minibatches(len(rows), batch_size) + 1).round().astype(np.int64)
        at_once = max(1, int(ENTRIES_AT_ONCE / max(1, self._entries_a_cell * batch_size)))
        windows = [bounds[first : first + at_once + 1] for first in range(0, len(bounds) - 1, at_once)]
        sources = [(rows[window[0] : window[-1]], window - window[0]) for window in windows]
        if self.device.type != "cpu" and isinstance(self._counts, HostCounts):
            gathered = prefetched(self._gather, sources)
        else:
            gathered = map(self._gather, sources)
        return itertools.chain.from_iterable(gathered)

    def fingerprint(self) -> str:
        """Digest of every cell's counts and covariates in the model's order."""
        weights = torch.rand(self.n_genes, generator=torch.Generator().manual_seed(0)).to(self.device)
        digest = hashlib.sha256()
        for minibatch in self.minibatches(np.arange(self.n_cells), CELLS_A_DIGEST):
            weighted = minibatch.sum_by_cell(minibatch.counts.values * weights[minibatch.counts.columns])
            known = minibatch.covariates
            for part in (weighted, known.codes, known.continuous, known.label):
                digest.update(part.cpu().numpy().tobytes())
        return digest.hexdigest()

    def _gather(self, source: tuple[np.ndarray, np.ndarray]) -> list[Minibatch]:
        """Copy some rows and cut them into minibatches at the given bounds."""
        rows, bounds = source
        starts, cells, counts = self._counts.take(rows)
        at = to_device(torch.from_numpy(rows), self.device)
        together = Minibatch(
            counts=counts,
            cells=cells,
            positions=cells.mul(self.n_genes).add_(counts.columns.long()),
            above_one=(counts.values > 1).nonzero()[:, 0] if self.device.type == "cpu" else None,
            library=self._library[at],
            log_factorials=self._log_factorials[at],
            covariates=self._covariates[at],
            n_genes=self.n_genes,
        )
        starts = starts[bounds].tolist()
        return [
            together.part(*cells, *counts)
            for cells, counts in zip(itertools.pairwise(bounds.tolist()), itertools.pairwise(starts))
        ]


def n_minibatches(n_cells: int, batch_size: int) -> int:
    """Minibatches of at most `batch_size` cells, none of a single cell, which would have no variance."""
    return max(1, min(-(-n_cells // batch_size), n_cells // SMALLEST_MINIBATCH))


def cell_sums(counts: sparse.csr_matrix, *, cells_at_once: int = 2**14) -> tuple[Tensor, Tensor]:
    """Sum x and log x! over each row of a matrix of counts, float64, shape (rows,) each."""
    library, log_factorials = torch.empty(2, counts.shape[0], dtype=torch.float64)
    for first in range(0, counts.shape[0], cells_at_once):
        starts = counts.indptr[first : first + cells_at_once + 1].astype(np.int64)
        values = torch.from_numpy(counts.data[starts[0] : starts[-1]].astype(np.float64))
        offsets = torch.from_numpy(starts - starts[0])
        rows = slice(first, first + len(starts) - 1)
        library[rows] = torch.segment_reduce(values, "sum", offsets=offsets)
        log_factorials[rows] = torch.segment_reduce(torch.lgamma(values + 1), "sum", offsets=offsets)
    return library, log_factorials
