"""Memory and time grow with the data and with the attempt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from scbraid.plan.resources import by_source, gigabytes, memory

if TYPE_CHECKING:
    from pathlib import Path


def test_memory_by_inputs() -> None:
    asked = memory(1500, per_input=12)
    assert asked(None, input=SimpleNamespace(size_mb=100.0), attempt=1) == 2700
    assert asked(None, input=SimpleNamespace(size_mb=100.0), attempt=2) == 5400


def test_a_source_counts_by_its_size_and_a_url_as_a_gigabyte(tmp_path: Path) -> None:
    source = tmp_path / "a.h5ad"
    with source.open("wb") as file:
        file.truncate(2**29)
    assert gigabytes(str(source)) == 0.5
    assert gigabytes([]) == 1
    minutes = by_source(10, per_gb=20, source_of=lambda wildcards: wildcards.source)
    assert minutes(SimpleNamespace(source=str(source)), attempt=1) == 20
    assert minutes(SimpleNamespace(source=[]), attempt=3) == 90
