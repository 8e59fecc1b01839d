"""Counts read a chunk of cells at a time, from memory or from a file: a million cells need not fit in memory."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Protocol, TypeAlias

import h5py
import numpy as np
from anndata.abc import CSRDataset
from scipy import sparse

from scbraid.data.damaged import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

#: A quarter of a gigabyte, of which a step makes a few copies.
ENTRIES_AT_ONCE = 2**25
#: Two gigabytes, for steps that want all cells of a batch at once.
ENTRIES_OF_BATCHES = 2**28


Matrix: TypeAlias = np.ndarray | sparse.spmatrix | sparse.sparray | h5py.Dataset | CSRDataset


class Chunked(Protocol):
    """A matrix that comes in chunks of cells, and the most entries that it may have in all."""

    most_entries: int

    def chunks(self) -> Iterator[sparse.csr_matrix]:
        """Yield some cells at a time."""


class Counts:
    """Chosen cells and genes of a matrix, read in chunks of cells.

    Parameters
    ----------
    matrix
        Cells x genes, in memory or in an open file: sparse or dense, in a file compressed by rows.
    cells, genes
        Which of them, boolean; None for all.

    Attributes
    ----------
    most_entries
        Number of entries of the chosen cells, stored zeros and other genes included.
    """

    def __init__(self, matrix: Matrix, *, cells: np.ndarray | None = None, genes: np.ndarray | None = None) -> None:
        if isinstance(matrix, sparse.spmatrix | sparse.sparray) and matrix.format != "csr":
            matrix = matrix.tocsr()
        self._matrix = matrix
        self._cells = np.ones(matrix.shape[0], dtype=bool) if cells is None else cells
        self._genes = None if genes is None or genes.all() else genes
        self._starts = row_starts(matrix)
        self.most_entries = int(np.diff(self._starts)[self._cells].sum())

    def chunks(self) -> Iterator[sparse.csr_matrix]:
        """Yield the chosen cells in their order, some at a time: whole float32 rows without stored zeros."""
        for rows in row_slices(self._starts, wanted=self._cells):
            yield self._take(rows, self._cells[rows])

    def read(self) -> sparse.csr_matrix:
        """Read everything into memory."""
        chunks = list(self.chunks())
        return chunks[0] if len(chunks) == 1 else sparse.vstack(chunks, format="csr")

    def of_batches(self, batch: pd.Series) -> Iterator[tuple[str, np.ndarray, sparse.csr_matrix]]:
        """Yield each batch (a categorical of the chosen cells), the places of its cells among them, and their counts.

        The file is read as often as it takes to hold some batches at a time, and only where these have cells.
        """
        codes = np.full(len(self._cells), -1)
        codes[self._cells] = batch.cat.codes
        place = np.cumsum(self._cells) - 1
        for group in self._groups(codes, len(batch.cat.categories)):
            parts = defaultdict(list)
            for rows in row_slices(self._starts, wanted=np.isin(codes, group)):
                in_group = np.isin(codes[rows], group)
                counts, codes_of_rows = self._take(rows, in_group), codes[rows][in_group]
                for code in np.unique(codes_of_rows):
                    parts[code].append(counts[codes_of_rows == code])
            for code in group:
                counts = sparse.vstack(parts.pop(code), format="csr")
                yield batch.cat.categories[code], place[codes == code], counts

    def _groups(self, codes: np.ndarray, n_batches: int) -> list[list[int]]:
        """Batches in the order of their codes, as many together as fit into memory."""
        known = codes >= 0
        entries = np.bincount(codes[known], weights=np.diff(self._starts)[known], minlength=n_batches)
        groups: list[list[int]] = []
        room = 0.0
        for code in np.unique(codes[known]):
            if not groups or entries[code] > room:
                groups.append([])
                room = ENTRIES_OF_BATCHES
            groups[-1].append(code)
            room -= entries[code]
        return groups

    def _take(self, rows: slice, cells: np.ndarray) -> sparse.csr_matrix:
        """Read some rows, in canonical form, and keep some of them."""
        part = sparse.csr_matrix(read_rows(self._matrix, rows))
        if not cells.all():
            part = part[cells]
        if self._genes is not None:
            part = part[:, self._genes]
        part = part.astype(np.float32)
        part.sum_duplicates()
        part.eliminate_zeros()
        return part


def row_slices(starts: np.ndarray, *, wanted: np.ndarray | None = None) -> Iterator[slice]:
    """Cut a matrix into chunks of rows; a chunk without any row that is wanted is passed over."""
    first, n_rows = 0, len(starts) - 1
    while first < n_rows:
        last = int(np.searchsorted(starts, starts[first] + ENTRIES_AT_ONCE, side="right")) - 1
        last = min(n_rows, max(first + 1, last))
        if wanted is None or wanted[first:last].any():
            yield slice(first, last)
        first = last


def row_starts(matrix: Matrix) -> np.ndarray:
    """Count the entries before each row, and all, shape (rows + 1,)."""
    if isinstance(matrix, sparse.spmatrix | sparse.sparray):
        return matrix.indptr.astype(np.int64)
    if isinstance(matrix, CSRDataset):
        with reading(matrix.group.file.filename):
            return matrix.group["indptr"][:].astype(np.int64, casting="same_kind")
    return np.arange(matrix.shape[0] + 1) * matrix.shape[1]


def read_rows(matrix: Matrix, rows: slice) -> np.ndarray | sparse.csr_matrix:
    """Read some rows of a matrix.

    Raises
    ------
    UserError
        The file is damaged there.
    """
    if not isinstance(matrix, h5py.Dataset | CSRDataset):
        return matrix[rows]
    stored = matrix.group if isinstance(matrix, CSRDataset) else matrix
    with reading(stored.file.filename):
        return matrix[rows]
