"""Unintegrated PCA of normalised expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import scanpy as sc

from scbraid.files import embedding_table

if TYPE_CHECKING:
    from anndata import AnnData


def unintegrated_pca(adata: AnnData, *, n_comps: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Project cells on the principal components of centred, unscaled log expression.

    Parameters
    ----------
    adata
        HVG data with normalised ``X``.
    n_comps
        Number of components; at most one fewer than cells and genes.

    Returns
    -------
    tuple
        Coordinates (cells x components, float32) and a table component, variance_ratio.
    """
    n_comps = min(n_comps, *(size - 1 for size in adata.shape))
    bare = sc.AnnData(adata.X, obs=adata.obs[[]])
    sc.pp.pca(bare, n_comps=n_comps, svd_solver="arpack", random_state=0)
    variance = pd.DataFrame({"component": range(n_comps), "variance_ratio": bare.uns["pca"]["variance_ratio"]})
    return embedding_table(bare.obsm["X_pca"], adata.obs_names), variance
