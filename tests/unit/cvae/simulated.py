"""Simulated counts: known groups of cells under a known batch effect."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import torch
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from scbraid.cvae.data import CellData, Covariates, Minibatch

N_GROUPS, N_BATCHES = 4, 3


def simulate(n_cells: int, n_genes: int, *, seed: int = 0, batch_effect: float = 1.0) -> ad.AnnData:
    """Draw negative binomial counts of groups of cells in batches that shift every gene."""
    rng = np.random.default_rng(seed)
    group, batch = rng.integers(0, N_GROUPS, n_cells), rng.integers(0, N_BATCHES, n_cells)
    log_share = rng.normal(0, 1, n_genes) + rng.normal(0, 1, (N_GROUPS, n_genes))[group]
    log_share += batch_effect * rng.normal(0, 1, (N_BATCHES, n_genes))[batch]
    share = np.exp(log_share)
    mean = share / share.sum(1, keepdims=True) * rng.lognormal(np.log(5 * n_genes), 0.3, (n_cells, 1))
    theta = rng.uniform(1, 5, n_genes)
    counts = rng.poisson(rng.gamma(theta, mean / theta))
    obs = {
        "batch": [f"batch{b}" for b in batch],
        "group": [f"group{g}" for g in group],
        "sex": rng.choice(["f", "m"], n_cells),
        "age": rng.normal(50, 10, n_cells),
    }
    return ad.AnnData(
        sparse.csr_matrix(counts.astype(np.uint16)),
        obs=pd.DataFrame(obs, index=[f"cell{i:04d}" for i in rng.permutation(n_cells)]),
        var=pd.DataFrame(index=[f"gene{i:03d}" for i in rng.permutation(n_genes)]),
    )


def own_among_neighbors(embedding: np.ndarray, names: pd.Series) -> float:
    """Mean share of a cell's 15 nearest neighbours that have its own name."""
    neighbors = NearestNeighbors(n_neighbors=16).fit(embedding).kneighbors(return_distance=False)[:, :15]
    own = names.to_numpy()
    return float((own[neighbors] == own[:, None]).mean())


def make_minibatch(counts: np.ndarray, *, dtype: torch.dtype = torch.float64, n_batches: int = 1) -> Minibatch:
    """One minibatch of all rows of a dense matrix of counts."""
    n_cells = len(counts)
    covariates = Covariates(
        codes=torch.arange(n_cells)[:, None] % n_batches,
        continuous=torch.zeros(n_cells, 0, dtype=dtype),
        label=torch.full((n_cells,), -1),
    )
    matrix = sparse.csr_matrix(counts)
    data = CellData(matrix, covariates, order=np.arange(n_cells), device=torch.device("cpu"), dtype=dtype)
    (minibatch,) = data.minibatches(np.arange(n_cells), n_cells)
    return minibatch
