"""Small data sets, sound and spoilt ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DEMO = ROOT / "resources" / "pbmc" / "pbmc.h5ad"
N_CELLS, N_GENES = 40, 12


def sound() -> ad.AnnData:
    """Two batches of 20 cells with raw counts in X."""
    counts = np.random.default_rng(0).poisson(1.5, size=(N_CELLS, N_GENES))
    obs = pd.DataFrame(
        {"donor": np.repeat(["a", "b"], N_CELLS // 2), "type": ["T", "B"] * (N_CELLS // 2)},
        index=[f"cell{i}" for i in range(N_CELLS)],
    )
    var = pd.DataFrame(index=[f"gene{i}" for i in range(N_GENES)])
    return ad.AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=var)


def config(source: str | Path, **dataset: Any) -> dict[str, Any]:
    """Config of one data set `d` and one method."""
    return {"datasets": {"d": {"source": str(source), "batch": "donor"} | dataset}, "methods": {"pca": {}}}
