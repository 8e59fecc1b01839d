"""The cells that every implementation gets: normalised log counts, 30 principal components, two embeddings."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import scanpy as sc

ROOT = Path(__file__).resolve().parents[2]
DATASETS = {
    "pbmc": ROOT / "resources" / "pbmc" / "pbmc.h5ad",
    "scmix": ROOT.parent / "shared" / "data" / "scmix_celseq2_dropseq.h5ad",
}
EMBEDDINGS = ("pca", "centred")
N_TOP_GENES = 2000


def load(name: str) -> ad.AnnData:
    """Cells of a data set with at most 2,000 genes."""
    cells = ad.read_h5ad(DATASETS[name])
    cells.X = cells.X.astype(np.float32)
    sc.pp.normalize_total(cells)
    sc.pp.log1p(cells)
    if cells.n_vars > N_TOP_GENES:
        sc.pp.highly_variable_genes(cells, n_top_genes=N_TOP_GENES, subset=True)
    sc.pp.pca(cells, n_comps=30, mask_var=None)
    return cells


def embed(cells: ad.AnnData, how: str) -> np.ndarray:
    """The plain PCA, or the PCA with batch means taken away: float32, cells x 30."""
    embedding = cells.obsm["X_pca"].astype(np.float32)
    if how == "centred":
        for batch in cells.obs["batch"].cat.categories:
            embedding[cells.obs["batch"] == batch] -= embedding[cells.obs["batch"] == batch].mean(axis=0)
    return embedding


def codes(cells: ad.AnnData, column: str) -> np.ndarray:
    """Categories of a column as integers from 0."""
    return cells.obs[column].cat.codes.to_numpy().astype(int)
