"""Bring a data set's source here and prove that it is the expected file."""

from __future__ import annotations

import errno
import ftplib
import hashlib
import logging
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pooch

from scbraid.disk import OUT_OF_SPACE
from scbraid.errors import UserError
from scbraid.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData

SCHEMES = ("http", "https", "ftp")
ATTEMPTS = 4
FIRST_WAIT = 1.0  # seconds before the second attempt, doubled before each further one
TIMEOUT = 30  # seconds without an answer
CHUNK = 2**20
LONGEST_FILE_NAME = 100
PERMANENT_STATUS = set(range(400, 500)) - {408, 425, 429}
#: of the disk here, not of the server
PERMANENT_ERRNO = OUT_OF_SPACE | {errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
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
        No such file, a failed download, a checksum that differs, or content that no reader knows.
    """
    from scbraid.data.readers import reader_of  # heavy, and every `snakemake` call imports this module

    expected = sha256.lower() if sha256 else _recorded(record, source)

    def check(path: Path) -> str:
        actual = _checksum(path, source)
        if expected and actual != expected:
            raise UserError(_mismatch(source, actual, expected, None if sha256 else record))
        reader_of(path, source).check(path, source)
        return actual

    if is_url(source):
        path = folder / _file_name(source)
        actual = _kept(path, check) or _download(source, path, check)
    else:
        path = Path(source).expanduser()
        actual = check(path)
    if not sha256:
        record.parent.mkdir(parents=True, exist_ok=True)
        write_json({"source": source, "sha256": actual}, record)
    return {"source": source, "path": str(path), "sha256": actual, "bytes": path.stat().st_size}


def _recorded(record: Path, source: str) -> str | None:
    if not record.is_file():
        return None
    try:
        known = read_json(record)
        return known["sha256"] if known["source"] == source else None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{record} is damaged; delete it to record the checksum of {source} anew") from error


def _file_name(url: str) -> str:
    """Name the download: unlike for unlike URLs, and harmless whatever the URL holds."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", unquote(urlsplit(url).path).rsplit("/", 1)[-1])
    return f"{hashlib.sha256(url.encode()).hexdigest()[:8]}-{name[-LONGEST_FILE_NAME:]}"


def _checksum(path: Path, source: str) -> str:
    if not path.is_file():
        raise UserError(f"{source}: no such file (from {Path.cwd()}); give an .h5ad file or an http(s)/ftp URL")
    try:
        return pooch.file_hash(str(path), alg="sha256")
    except PermissionError as error:
        raise UserError(f"{source}: no permission to read this file") from error


def _kept(path: Path, check: Callable[[Path], str]) -> str | None:
    """Checksum of an earlier download, or None when there is none or it is no longer right."""
    try:
        return check(path)
    except UserError:
        return None


def _download(url: str, path: Path, check: Callable[[Path], str]) -> str:
    part = path.with_name(f"{path.name}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{url}: cannot be kept in {part.parent} ({error.strerror})") from error
    try:
        _transfer(url, part)
        actual = check(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return actual


def _transfer(url: str, part: Path) -> None:
    is_ftp = urlsplit(url).scheme == "ftp"
    downloader = (pooch.FTPDownloader if is_ftp else pooch.HTTPDownloader)(timeout=TIMEOUT, chunk_size=CHUNK)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            downloader(url, str(part), None)
        except ftplib.all_errors as error:  # OSError, and with it all errors of HTTP, is one of them
            if attempt == ATTEMPTS or _is_permanent(error):
                raise UserError(f"{url}: download failed ({_reason(error)})") from error
            logger.warning("%s: attempt %d failed (%s)", url, attempt, _reason(error))
            time.sleep(FIRST_WAIT * 2 ** (attempt - 1))
        else:
            return


def _is_permanent(error: Exception) -> bool:
    """Tell whether another attempt must fail alike: refused (not found, forbidden), a malformed URL, a full disk."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    is_local = getattr(error, "errno", None) in PERMANENT_ERRNO
    return status in PERMANENT_STATUS or is_local or isinstance(error, ftplib.error_perm | ValueError)


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"{response.status_code} {response.reason}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _mismatch(source: str, actual: str, expected: str, record: Path | None) -> str:
    if record is None:
        return f"{source}: sha256 is {actual}, but the config expects {expected}"
    return (
        f"{source} has changed since its first use: sha256 is {actual}, it was {expected}.\n"
        f"To accept the new file delete {record}"
    )


def open_fetched(fetched: dict[str, Any], *, manifest: str) -> AnnData:
    """Open what :func:`fetch` brought, read back from the file `manifest`, with the reader of its format.

    Raises
    ------
    UserError
        The file has been removed since, or cannot be read.
    """
    from scbraid.data.readers import reader_of

    path = Path(fetched["path"])
    if not path.is_file():
        raise UserError(f"{path} is gone; delete {manifest} to fetch {fetched['source']} again")
    return reader_of(path, fetched["path"]).open(path)
