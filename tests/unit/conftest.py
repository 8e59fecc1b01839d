"""The demo data, brought through the steps once for all unit tests. Copy before changing anything."""

from __future__ import annotations

import anndata as ad
import pytest

from in_memory import standardize
from scbraid.preprocess.features import select_features
from scbraid.preprocess.pca import unintegrated_pca
from support import ROOT


@pytest.fixture(scope="session")
def demo_standard() -> ad.AnnData:
    """1,080 cells x 697 genes."""
    source = ad.read_h5ad(ROOT / "resources" / "pbmc" / "pbmc.h5ad")
    return standardize(source, source="pbmc", batch="batch", label="cell_type")


@pytest.fixture(scope="session")
def demo_hvg(demo_standard: ad.AnnData) -> ad.AnnData:
    """1,080 cells x 300 genes, with ``obsm["X_pca"]`` of 20 components."""
    hvg, _ = select_features(demo_standard, name="pbmc", n_top_genes=300)
    hvg.obsm["X_pca"] = unintegrated_pca(hvg, n_comps=20)[0].to_numpy()
    return hvg
