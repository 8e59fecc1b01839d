"""Bring a data set's source here and prove that it is the expected file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import h5py
import pooch

from scbraid.errors import UserError
from scbraid.files import read_json, write_json

SCHEMES = ("http", "https", "ftp")
RETRIES = 3
logger = logging.getLogger(__name__)


def is_url(source: str) -> bool:
    """Tell a URL from a path."""
    return urlsplit(source).scheme in SCHEMES


def fetch(source: str, *, sha256: str | None, folder: Path, record: Path) -> dict[str, Any]:
    """Make `source` available as a local file with a known checksum.

    Parameters
    ----------
    source
        Path, or http(s)/ftp URL.
    sha256
        Expected checksum. None takes the one in `record`, and writes it there at first use.
    folder
        Where downloads are kept; a complete file that is already there is not downloaded again.
    record
        JSON file that remembers the checksum of this source from its first use on.

    Returns
    -------
    dict
        ``source``, ``path``, ``sha256`` and ``bytes``.

    Raises
    ------
    UserError
        No such file, a failed download, a checksum that differs, or content that is not HDF5.
    """
    expected = sha256.lower() if sha256 else _recorded(record, source)
    path = _download(source, expected, folder) if is_url(source) else Path(source)
    if not path.is_file():
        raise UserError(f"{source}: no such file; give a path to an .h5ad file (from here: {Path.cwd()}) or a URL")
    try:
        actual = pooch.file_hash(str(path), alg="sha256")
    except PermissionError as error:
        raise UserError(f"{source}: no permission to read this file") from error
    if expected and actual != expected:
        raise UserError(_mismatch(source, actual, expected, None if sha256 else record))
    if not h5py.is_hdf5(path):
        raise UserError(f"{source} is not an .h5ad file: {path.stat().st_size} bytes that are not HDF5")
    if not sha256:
        record.parent.mkdir(parents=True, exist_ok=True)
        write_json({"source": source, "sha256": actual}, record)
    return {"source": source, "path": str(path), "sha256": actual, "bytes": path.stat().st_size}


def _recorded(record: Path, source: str) -> str | None:
    if not record.is_file():
        return None
    known = read_json(record)
    return known["sha256"] if known["source"] == source else None


def _download(url: str, expected: str | None, folder: Path) -> Path:
    name = Path(unquote(urlsplit(url).path)).name or "source.h5ad"
    known = f"sha256:{expected}" if expected else None
    store = pooch.create(path=folder, base_url="", registry={name: known}, urls={name: url}, retry_if_failed=RETRIES)
    try:
        return Path(store.fetch(name))
    except ValueError as error:
        raise UserError(f"{url}: the downloaded file has another sha256 than expected ({expected})") from error
    except OSError as error:
        raise UserError(f"{url}: download failed ({error})") from error


def _mismatch(source: str, actual: str, expected: str, record: Path | None) -> str:
    if record is None:
        return f"{source}: sha256 is {actual}, but the config expects {expected}"
    return (
        f"{source} has changed since its first use: sha256 is {actual}, it was {expected}.\n"
        f"To accept the new file delete {record}"
    )
