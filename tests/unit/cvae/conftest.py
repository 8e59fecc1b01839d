from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from unit.cvae.simulated import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import anndata as ad


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def cells() -> ad.AnnData:
    """150 cells x 40 genes. Copy before changing anything."""
    return simulate(150, 40)
