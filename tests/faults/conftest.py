from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from faults.terminal import files_around
from support import copy_checkout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled functions for all runs of the session; one thread each, as a machine may have one core only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_CACHE_DIR", os.environ.get("NUMBA_CACHE_DIR", str(tmp_path_factory.mktemp("numba"))))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def shared_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("refused") / "scbraid")


@pytest.fixture
def checkout(shared_checkout: Path, tmp_path: Path) -> Iterator[Path]:
    """Checkout in which nothing but the workflow's own folders may change, whatever is run there."""
    before = files_around(shared_checkout)
    yield shared_checkout
    assert files_around(shared_checkout) == before
