from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from unit.runs.small import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData


@pytest.fixture(scope="session")
def finished(demo_hvg: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a method's run, which is made at the first call."""
    base = tmp_path_factory.mktemp("runs")
    return cache(lambda name: run(name, demo_hvg, base / name))
