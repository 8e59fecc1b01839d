from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import copy_checkout, snakemake

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo once, from a clean copy of the repository to the report, and return that folder."""
    checkout = copy_checkout(tmp_path_factory.mktemp("demo") / "scbraid")
    finished = snakemake(checkout)
    assert finished.returncode == 0, finished.stdout
    return checkout
