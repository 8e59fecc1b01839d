"""An .h5ad file, of any version of anndata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py

from scbraid.data.h5ad import open_h5ad
from scbraid.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData


def reads(path: Path) -> bool:
    """Tell whether a file is HDF5; what lacks the parts of an .h5ad file is refused when it is opened."""
    return h5py.is_hdf5(path)


def check(path: Path, source: str) -> None:
    """Refuse a file that HDF5 cannot open, such as one that is cut off."""
    try:
        h5py.File(path, "r").close()
    except OSError as error:
        raise UserError(f"{source} is a damaged HDF5 file ({error})") from error


def open(path: Path) -> AnnData:  # noqa: A001 - one of the functions that every reader has
    """Open it with matrices left in the file."""
    return open_h5ad(path)
