"""Where the counts of all cells live, and how rows are copied out of them without Python code for each cell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scipy import sparse

RESIDENT_FRACTION = 0.5
In = TypeVar("In")
Out = TypeVar("Out")


class SparseValues(NamedTuple):
    """A sparse matrix in compressed rows.

    Attributes
    ----------
    starts
        First entry of each row, and the number of entries, shape (rows + 1,).
    columns
        Column of each entry, shape (entries,).
    values
        Value of each entry, shape (entries,).
    """

    starts: Tensor
    columns: Tensor
    values: Tensor


class Taken(NamedTuple):
    """Some rows: where each starts, known to the host; the row of each entry; and the entries."""

    starts: np.ndarray
    rows: Tensor
    entries: SparseValues


class HostCounts:
    """Counts in host memory; rows are copied out there and then moved to the device.

    Parameters
    ----------
    matrix
        Counts in compressed rows, cells x genes.
    device
        Where the copied rows go.
    dtype
        Floating point type of the copied counts.
    """

    def __init__(self, matrix: sparse.csr_matrix, device: torch.device, dtype: torch.dtype) -> None:
        self._matrix = matrix
        self._device = device
        self._dtype = dtype

    def take(self, rows: np.ndarray) -> Taken:
        """Copy rows."""
        part = self._matrix[rows]
        owners = torch.from_numpy(np.repeat(np.arange(len(rows)), np.diff(part.indptr)))
        values = part.data if part.data.dtype.kind == "f" else part.data.astype(np.int32, copy=False)
        copied = SparseValues(
            torch.from_numpy(part.indptr), torch.from_numpy(part.indices), torch.from_numpy(values).to(self._dtype)
        )
        copied = SparseValues(*(to_device(array, self._device) for array in copied))
        return Taken(part.indptr, to_device(owners, self._device), copied)


class DeviceCounts:
    """Counts in the device's own memory; only row numbers travel.

    Row starts stay on the host too, so that the size of every copy is known without asking the device.

    Parameters
    ----------
    matrix, device, dtype
        As of :class:`HostCounts`.
    """

    def __init__(self, matrix: sparse.csr_matrix, device: torch.device, dtype: torch.dtype) -> None:
        self._starts = matrix.indptr.astype(np.int64)
        self._columns = torch.from_numpy(matrix.indices).to(device)
        self._values = torch.from_numpy(_small_integers(matrix.data)).to(device)
        self._device = device
        self._dtype = dtype

    def take(self, rows: np.ndarray) -> Taken:
        """Copy rows."""
        lengths = self._starts[rows + 1] - self._starts[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        n_values = int(starts[-1])
        plan = to_device(torch.from_numpy(np.stack([lengths, self._starts[rows] - starts[:-1]])), self._device)
        owners = torch.arange(len(rows), device=self._device).repeat_interleave(plan[0], output_size=n_values)
        source = plan[1][owners].add_(torch.arange(n_values, device=self._device))
        columns, values = self._columns.index_select(0, source), self._values.index_select(0, source)
        on_device = SparseValues(to_device(torch.from_numpy(starts), self._device), columns, values.to(self._dtype))
        return Taken(starts, owners, on_device)


def place(matrix: sparse.csr_matrix, device: torch.device, dtype: torch.dtype) -> HostCounts | DeviceCounts:
    """Keep counts in a GPU's memory if they take no more than half of what is free there, else on the host."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if matrix.nnz * (matrix.indices.itemsize + 4) < RESIDENT_FRACTION * free:
            return DeviceCounts(matrix, device, dtype)
    return HostCounts(matrix, device, dtype)


def to_device(array: Tensor, device: torch.device) -> Tensor:
    """Copy a host tensor to a device without waiting for it."""
    return array.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else array.to(device)


def prefetched(function: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
    """Yield the function of each item, computing the next one in another thread while the last is used."""
    with ThreadPoolExecutor(1) as pool:
        pending = None
        for item in items:
            following = pool.submit(function, item)
            if pending is not None:
                yield pending.result()
            pending = following
        if pending is not None:
            yield pending.result()


def _small_integers(counts: np.ndarray) -> np.ndarray:
    """Store counts in 16 bits where they fit, else in 32."""
    peak = counts.max(initial=0)
    return counts.astype(np.int16 if peak <= np.iinfo(np.int16).max else np.int32, copy=False)
