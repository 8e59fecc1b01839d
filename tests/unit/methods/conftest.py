"""Simulated cells that every method is tried on. Copy before changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from in_memory import standardize
from scbraid.preprocess.features import select_features
from scbraid.preprocess.pca import unintegrated_pca
from unit.cvae.simulated import simulate

if TYPE_CHECKING:
    from anndata import AnnData


@pytest.fixture(scope="session")
def planted() -> AnnData:
    """Four groups of cells in three batches that shift every gene."""
    standard = standardize(simulate(600, 150, batch_effect=0.5), source="planted", batch="batch")
    adata, _ = select_features(standard, name="planted", n_top_genes=150)
    adata.obs["label"] = adata.obs["group"].astype("category")
    adata.obsm["X_pca"] = unintegrated_pca(adata, n_comps=20)[0].to_numpy()
    return adata
