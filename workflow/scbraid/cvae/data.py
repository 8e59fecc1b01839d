"""Counts and covariates of all cells, sparse and on the training device, and the minibatches taken from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_matrix

NONZEROS_PER_GATHER = 2**22


@dataclass(frozen=True)
class Covariates:
    """What is known of each cell beside its counts.

    Attributes
    ----------
    batch
        Code of the batch, shape (cells,).
    categorical
        Codes of further categorical covariates, cells x covariates.
    continuous
        Standardised continuous covariates, cells x covariates.
    label
        Code of the label, -1 where it is unknown, shape (cells,).
    """

    batch: Tensor
    categorical: Tensor
    continuous: Tensor
    label: Tensor

    def to(self, device: torch.device) -> Covariates:
        """Move every part to a device."""
        return Covariates(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    def __getitem__(self, index: Tensor | slice) -> Covariates:
        return Covariates(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Minibatch:
    """Some cells' counts as non-zero entries, sorted by cell and then gene.

    Attributes
    ----------
    rows, genes
        Position of each non-zero count: cell of this minibatch and gene, shape (non-zeros,).
    counts
        The non-zero counts in the model's floating point type, shape (non-zeros,).
    starts
        First non-zero of each cell, shape (cells,).
    library
        Sum of each cell's counts, shape (cells,).
    covariates
        The same cells' covariates.
    n_genes
        Genes of the model.
    """

    rows: Tensor
    genes: Tensor
    counts: Tensor
    starts: Tensor
    library: Tensor
    covariates: Covariates
    n_genes: int

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def flat_index(self) -> Tensor:
        """Position of each non-zero in the flattened dense matrix."""
        return self.rows * self.n_genes + self.genes

    def dense(self, values: Tensor) -> Tensor:
        """Spread one value a non-zero count over a zero matrix, cells x genes."""
        matrix = values.new_zeros(len(self), self.n_genes)
        matrix.view(-1).scatter_(0, self.flat_index, values)
        return matrix


class CellData:
    """All cells' counts in compressed rows on one device.

    Row pointers stay on the host too, so that the size of every gather is known without asking the device.

    Parameters
    ----------
    counts
        Non-negative integer counts, cells x genes, columns in the model's gene order, indices sorted.
    covariates
        Covariates of the same cells.
    device
        Where the arithmetic happens.
    dtype
        Floating point type of the minibatches.
    """

    def __init__(
        self, counts: csr_matrix, covariates: Covariates, *, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> None:
        self.n_cells, self.n_genes = counts.shape
        self.device = device
        self.dtype = dtype
        self._starts = torch.from_numpy(counts.indptr.astype(np.int64))
        self._lengths = self._starts.diff()
        self._genes = torch.from_numpy(counts.indices).to(device)
        self._counts = torch.from_numpy(_smallest_signed(counts.data)).to(device)
        library = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
        self._library = torch.from_numpy(library).to(device, dtype)
        self.covariates = covariates.to(device)

    def minibatches(self, order: Tensor, batch_size: int) -> Iterator[Minibatch]:
        """Cut an order of cells (a host tensor of row numbers) into minibatches of near-equal size.

        Sizes differ by at most one and none exceeds `batch_size`, so no minibatch is too small for its statistics.
        Rows of several minibatches are gathered at once.
        """
        n_minibatches = -(-len(order) // batch_size)
        bounds = np.linspace(0, len(order), n_minibatches + 1).round().astype(np.int64)
        ends = np.concatenate([[0], np.cumsum(self._lengths[order].numpy())])
        first = 0
        while first < n_minibatches:
            within = ends[bounds] - ends[bounds[first]] <= NONZEROS_PER_GATHER
            last = max(int(np.flatnonzero(within)[-1]), first + 1)
            yield from self._gather(order[bounds[first] : bounds[last]], np.diff(bounds[first : last + 1]))
            first = last

    def _gather(self, cells: Tensor, sizes: np.ndarray) -> Iterator[Minibatch]:
        """Copy the rows of some cells, then yield them in minibatches of the given sizes."""
        lengths = self._lengths[cells]
        ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        row_in_minibatch = torch.from_numpy(np.concatenate([np.arange(size) for size in sizes]))
        host = torch.stack([row_in_minibatch, self._starts[:-1][cells] - ends[:-1], lengths, ends[:-1], cells])
        row, shift, lengths, starts, cells = host.to(self.device, non_blocking=True)
        n_nonzeros = int(ends[-1])
        owner = torch.repeat_interleave(torch.arange(len(cells), device=self.device), lengths, output_size=n_nonzeros)
        source = torch.arange(n_nonzeros, device=self.device) + shift[owner]
        rows = row[owner]
        genes = self._genes[source].long()
        counts = self._counts[source].to(self.dtype)
        library = self._library[cells]
        covariates = self.covariates[cells]

        first = 0
        for size in sizes:
            here = slice(first, first + int(size))
            begin, end = int(ends[here.start]), int(ends[here.stop])
            yield Minibatch(
                rows=rows[begin:end],
                genes=genes[begin:end],
                counts=counts[begin:end],
                starts=starts[here] - begin,
                library=library[here],
                covariates=covariates[here],
                n_genes=self.n_genes,
            )
            first = here.stop


def _smallest_signed(counts: np.ndarray) -> np.ndarray:
    """Store integers in 16 bits where they fit, else in 32."""
    peak = counts.max(initial=0)
    return counts.astype(np.int16 if peak <= np.iinfo(np.int16).max else np.int32, copy=False)
