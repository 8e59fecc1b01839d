"""Whether a matrix holds raw counts: whole, finite, non-negative numbers; looked at a chunk at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from anndata.abc import CSRDataset
from scipy import sparse

from scbraid.data.counts import ENTRIES_AT_ONCE, read_rows, row_slices, row_starts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scbraid.data.counts import Matrix

LARGEST_EXACT_FLOAT32 = 2**24


def why_not_counts(matrix: Matrix) -> str | None:
    """Say why a matrix, in memory or in a file, holds no raw counts, or None."""
    kind = matrix.dtype.kind
    smallest, largest, n_infinite, n_negative, n_fractional, fractional = 0, 0, 0, 0, 0, None
    try:
        for values in _values(matrix):
            if kind not in "uif":
                return f"values are of type {matrix.dtype}" if values.any() else "every value is zero"
            if kind == "f":
                finite = np.isfinite(values)
                n_infinite += int((~finite).sum())
                parts = values[values != np.rint(values)] if finite.all() else values[:0]
                n_fractional += len(parts)
                fractional = parts[0] if fractional is None and len(parts) else fractional
            n_negative += int((values < 0).sum())
            smallest, largest = min(smallest, values.min(initial=0)), max(largest, values.max(initial=0))
    except ValueError as error:
        return f"the sparse matrix is damaged: {error}"
    if n_infinite:
        return f"{n_infinite} values are NaN or infinite"
    if smallest == largest == 0:
        return "every value is zero"
    if n_fractional:
        return f"{n_fractional} values are not whole numbers, such as {fractional:.4g}"
    if n_negative:
        return f"{n_negative} values are negative, such as {smallest:.4g}"
    if largest > LARGEST_EXACT_FLOAT32:
        return f"the largest value is {largest:.4g}, no plausible count"
    return None


def _values(matrix: Matrix) -> Iterator[np.ndarray]:
    """Yield all entries in chunks.

    Raises
    ------
    ValueError
        The rows or columns of a sparse matrix are none; scipy trusts these numbers, and wrong ones would crash it.
    """
    if isinstance(matrix, sparse.spmatrix | sparse.sparray):
        matrix.check_format(full_check=True)
        for first in range(0, matrix.data.size, ENTRIES_AT_ONCE):
            yield matrix.data[first : first + ENTRIES_AT_ONCE]
        return
    starts = row_starts(matrix)
    if isinstance(matrix, CSRDataset):
        _check_starts(starts, matrix)
    for rows in row_slices(starts):
        part = read_rows(matrix, rows)
        if isinstance(part, np.ndarray):
            yield part.ravel()
        else:
            part.check_format(full_check=True)
            yield part.data


def _check_starts(starts: np.ndarray, matrix: CSRDataset) -> None:
    entries = [matrix.group[name].shape[0] for name in ("data", "indices")]
    if len(starts) != matrix.shape[0] + 1 or starts[0] != 0 or (np.diff(starts) < 0).any():
        raise ValueError("indptr does not rise from 0 with the rows")
    if entries != [starts[-1]] * 2:
        raise ValueError(f"{entries[0]} values, {entries[1]} indices and an indptr that ends at {starts[-1]}")
