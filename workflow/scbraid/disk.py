"""Tells a full disk from what else may go wrong."""

from __future__ import annotations

import errno
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT}
LEAST_FREE = 2**20


def out_of_space(error: BaseException, folder: Path | None = None) -> OSError | None:
    """Return the system's word that a disk is full, where that is behind an error.

    Parameters
    ----------
    error
        Any error; those that it was raised from, or while handling, are looked at too.
    folder
        Folder that was written to. Some libraries, such as torch and HDF5, do not always pass on why a file could not
        be written: a disk that takes not even a megabyte more is full.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in OUT_OF_SPACE:
            return cause
        cause = cause.__cause__ or cause.__context__
    return None if folder is None else _full(folder)


def _full(folder: Path) -> OSError | None:
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(LEAST_FREE))
            file.write(b"0")  # the write before may end early without an error
    except OSError as error:
        return error if error.errno in OUT_OF_SPACE else None
    return None
