"""Formats that a source may have: one file a format, one entry of ``READERS``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from scbraid.data.readers import h5ad
from scbraid.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData


class Reader(Protocol):
    """What the module of a format defines."""

    def reads(self, path: Path) -> bool:
        """Tell whether a file has this format, by its content."""
        ...

    def check(self, path: Path, source: str) -> None:
        """Refuse a damaged file, as soon as it is here; `source` is its name for the user."""
        ...

    def open(self, path: Path) -> AnnData:
        """Read the annotation of cells and genes; matrices are for :class:`~scbraid.data.counts.Counts`."""
        ...


READERS: tuple[Reader, ...] = (h5ad,)


def reader_of(path: Path, source: str) -> Reader:
    """Choose the reader of a file, the first that recognises it.

    Raises
    ------
    UserError
        None does.
    """
    for reader in READERS:
        if reader.reads(path):
            return reader
    raise UserError(f"{source} is not an .h5ad file: {path.stat().st_size} bytes that are not HDF5")
