"""What each method promises beyond the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest

from scbraid.errors import UserError
from scbraid.methods.registry import METHODS, load, parameter_schema
from scbraid.methods.spec import Context
from unit.methods.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

TINY = {"n_hidden": 8, "n_latent": 3, "n_layers": 1, "max_epochs": 2}


@pytest.mark.parametrize("name", METHODS)
def test_registry_names_a_documented_function(name: str) -> None:
    function, parameters = load(name)
    assert function.__name__ == name
    assert function.__doc__
    assert set(parameter_schema(name)["properties"]) == set(parameters)


def test_pca_returns_the_components(demo_hvg: AnnData) -> None:
    np.testing.assert_array_equal(run("pca", demo_hvg).embedding, demo_hvg.obsm["X_pca"])


CORRECTING = {"combat": {}, "scanorama": {"knn": 2}, "bbknn": {"neighbors_within_batch": 2}}


@pytest.mark.parametrize("name", CORRECTING)
def test_batches_that_cannot_be_corrected(name: str, planted: AnnData) -> None:
    one = planted[planted.obs["batch"] == "batch0"].copy()
    with pytest.raises(UserError, match=f"{name}: the data have one batch, there is nothing to correct"):
        run(name, one, **CORRECTING[name])
    alone = ad.concat([one, planted[planted.obs["batch"] == "batch1"][:1]])
    alone.obs["batch"] = alone.obs["batch"].astype("category")
    with pytest.raises(UserError, match=f"{name}: batch 'batch1' has one cell, .* drop the batch in qc"):
        run(name, alone, **CORRECTING[name])


def batch_distance(embedding: np.ndarray, adata: AnnData) -> float:
    """Largest distance between the means of two batches, in standard deviations of all cells."""
    batches = adata.obs["batch"]
    means = np.array([embedding[(batches == name).to_numpy()].mean(axis=0) for name in batches.cat.categories])
    return float(np.linalg.norm(means[:, None] - means[None], axis=2).max() / np.linalg.norm(embedding.std(axis=0)))


def test_harmony_moves_batches_together_and_more_with_more_theta(demo_hvg: AnnData) -> None:
    embeddings = [run("harmony", demo_hvg, theta=theta).embedding for theta in (0.0, 2.0, 4.0)]
    distances = [batch_distance(embedding, demo_hvg) for embedding in (demo_hvg.obsm["X_pca"], *embeddings)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.7 * distances[0]


def test_harmony_leaves_its_input_alone(demo_hvg: AnnData) -> None:
    before = demo_hvg.obsm["X_pca"].copy()
    result = load("harmony")[0](
        demo_hvg, Context(seed=0, accelerator="cpu", threads=1), theta=2.0, sigma=0.1, max_iter_harmony=2
    )
    assert result.embedding.shape == before.shape
    np.testing.assert_array_equal(demo_hvg.obsm["X_pca"], before)


def test_scvi_trains_where_the_last_minibatch_would_hold_one_cell(demo_hvg: AnnData, tmp_path: Path) -> None:
    few = demo_hvg[np.arange(0, demo_hvg.n_obs, 15)].copy()
    n_train = -(-few.n_obs * 9 // 10)
    assert n_train == 65
    result = run("scvi", few, model_dir=tmp_path, batch_size=64, **TINY)
    assert result.embedding.shape == (few.n_obs, 3)
    assert result.history["loss"].notna().all()


@pytest.mark.parametrize("name", ["scvi", "cvae"])
def test_gpu_asked_for_where_there_is_none(name: str, demo_hvg: AnnData, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UserError, match=f"^{name}: accelerator is 'gpu', but torch finds no CUDA device"):
        run(name, demo_hvg, accelerator="gpu", model_dir=tmp_path, **TINY)
