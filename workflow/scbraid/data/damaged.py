"""What goes wrong while a file is read, in words for its owner."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Whatever goes wrong with an .h5ad file becomes a :class:`~scbraid.errors.UserError` that names it."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    try:
        yield
    except PermissionError as error:
        raise UserError(f"{path}: no permission to read this file") from error
    except MemoryError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} is not a readable .h5ad file ({reason})") from error
