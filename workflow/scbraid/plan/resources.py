"""Memory and time that a job asks for, by the size of its data and the number of its attempts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: compressed size of a source that has not been fetched yet
UNKNOWN_GIGABYTES = 1.0


def gigabytes(source: str | list[str]) -> float:
    """Compressed size of a source that is a file here; 1 for a URL, whose size is not known before it is fetched."""
    return Path(source).stat().st_size / 2**30 if isinstance(source, str) else UNKNOWN_GIGABYTES


def memory(least: int, *, per_input: float) -> Callable[..., int]:
    """Make a resource function: `least` megabytes, and more for every megabyte of the compressed inputs."""

    def mem_mb(wildcards: Any, input: Any, attempt: int) -> int:  # noqa: A002, ARG001 - named by Snakemake
        return int(attempt * (least + per_input * input.size_mb))

    return mem_mb


def by_source(least: int, *, per_gb: float, source_of: Callable[[Any], str | list[str]]) -> Callable[..., int]:
    """Make a resource function of megabytes or minutes: `least`, and more for every gigabyte of the source of a job."""

    def amount(wildcards: Any, attempt: int) -> int:
        return int(attempt * (least + per_gb * gigabytes(source_of(wildcards))))

    return amount
