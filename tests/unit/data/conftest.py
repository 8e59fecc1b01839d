from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from unit.data.standardizing import N_CELLS, N_GENES


@pytest.fixture
def counts() -> np.ndarray:
    values = np.random.default_rng(0).poisson(1.5, size=(N_CELLS, N_GENES))
    values[0, 0] = 0
    return values


@pytest.fixture
def adata(counts: np.ndarray) -> ad.AnnData:
    """Two batches of 15 cells, three labels, raw counts in X."""
    obs = pd.DataFrame(
        {"donor": np.repeat(["b", "a"], 15), "type": ["T", "B", "NK"] * 10, "age": range(N_CELLS)},
        index=[f"cell{i}" for i in range(N_CELLS)],
    )
    var = pd.DataFrame({"feature_types": ["GEX"] * 4 + ["ATAC"] * 2}, index=[f"gene{i}" for i in range(N_GENES)])
    return ad.AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=var)
