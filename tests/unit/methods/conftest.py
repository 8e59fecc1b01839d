"""The cells that every method is tried on, and what was trained on them. Copy before changing anything."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.data.standardize import standardize
from scbraid.preprocess.features import select_features
from scbraid.preprocess.pca import unintegrated_pca
from unit.cvae.simulated import simulate
from unit.methods.running import PLANTED_PARAMETERS, Trained, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData


@pytest.fixture(scope="session")
def planted() -> AnnData:
    """Four groups of cells in three batches that shift every gene."""
    standard = standardize(simulate(600, 150, batch_effect=0.5), source="planted", batch="batch")
    adata, _ = select_features(standard, name="planted", n_top_genes=150)
    adata.obs["label"] = adata.obs["group"].astype("category")
    adata.obsm["X_pca"] = unintegrated_pca(adata, n_comps=20)[0].to_numpy()
    return adata


@pytest.fixture(scope="session")
def few(demo_hvg: AnnData) -> AnnData:
    """Every third cell of the demo data, with covariates."""
    few = demo_hvg[::3].copy()
    rng = np.random.default_rng(0)
    few.obs["sex"] = rng.choice(["f", "m"], few.n_obs)
    few.obs["age"] = rng.normal(50, 10, few.n_obs)
    return few


@pytest.fixture(scope="session")
def trained(planted: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """What a method makes of the planted cells, long enough trained to tell their groups, at the first call."""

    @cache
    def trained(name: str) -> Trained:
        folder = tmp_path_factory.mktemp(name)
        return Trained(run(name, planted, model_dir=folder, **PLANTED_PARAMETERS.get(name, {})), folder)

    return trained


@pytest.fixture(scope="session")
def finished(few: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """A tiny model of the scvi-tools family on few cells, trained at the first call."""
    from unit.methods.scvi_family import train

    @cache
    def finished(name: str) -> Trained:
        folder = tmp_path_factory.mktemp(name)
        return Trained(train(name, few, folder), folder)

    return finished


@pytest.fixture(scope="session")
def references(planted: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """A model of the scvi-tools family that maps, trained on all planted batches but the query at the first call."""
    from unit.methods.scvi_family import QUERY_BATCH, SHORT, train

    reference = planted[planted.obs["batch"] != QUERY_BATCH]

    @cache
    def references(name: str) -> Trained:
        folder = tmp_path_factory.mktemp(name)
        return Trained(train(name, reference, folder, **SHORT[name], encode_covariates=True), folder)

    return references
