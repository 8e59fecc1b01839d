from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from scbraid.cvae import CVAE
from unit.cvae.simulated import simulate

if TYPE_CHECKING:
    import anndata as ad

SMALL = {"n_latent": 5, "n_hidden": 24, "max_epochs": 40, "lr": 0.02, "accelerator": "cpu"}


@pytest.fixture(scope="module")
def reference_and_query() -> tuple[ad.AnnData, ad.AnnData]:
    data = simulate(400, 60, seed=4)
    is_query = (data.obs["batch"] == "batch2").to_numpy()
    return data[~is_query].copy(), data[is_query].copy()


RECIPES = {
    "one-hot": {"encode_covariates": True, "categorical_covariate_keys": ["sex"], "continuous_covariate_keys": ["age"]},
    "embedding": {"encode_covariates": True, "batch_representation": "embedding"},
    "everything": {"dispersion": "gene-batch", "prior": "batch", "condition_output": True},
}


def new_rows(name: str, recipe: str) -> list[int]:
    """Rows that belong to the third batch; the covariate's rows lie behind the batches'."""
    if recipe == "embedding":
        return [2] if name.startswith("conditions.embeddings") else []
    by_batch = ("log_theta", "prior.mean", "prior.log_variance")
    conditioned = name.endswith("condition_weight") or name == "output_shift"
    return [2] if conditioned or (name in by_batch and recipe == "everything") else []


@pytest.mark.parametrize("recipe", RECIPES)
def test_only_weights_of_the_new_batch_are_trained(reference_and_query: tuple, recipe: str) -> None:
    reference, query = reference_and_query
    model = CVAE(reference, batch_key="batch", label_key="group", **SMALL, **RECIPES[recipe]).fit()
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    mapped = model.map_query(query, max_epochs=5)
    n_trained = 0
    for name, value in mapped.module.state_dict().items():
        added = new_rows(name, recipe)
        kept = [row for row in range(len(value) if value.dim() else 0) if row not in added]
        assert torch.equal(value[kept] if added else value, before[name]), name
        if added:
            n_trained += value[added].numel()
            known = before[name][:2].mean(0)
            assert not torch.equal(value[added][0], known), name
    info = mapped.run_info
    assert info["fraction_trained"] == n_trained / info["n_parameters"] > 0
    assert info["epochs"] == 5
    assert all(torch.equal(value, before[name]) for name, value in model.module.state_dict().items())


def test_a_new_batch_lands_on_its_groups(reference_and_query: tuple) -> None:
    reference, query = reference_and_query
    model = CVAE(reference, batch_key="batch", label_key="group", **SMALL, **RECIPES["one-hot"]).fit()
    unlabelled = query.copy()
    del unlabelled.obs["group"]
    mapped = model.map_query(unlabelled)
    assert mapped.history["reconstruction"].iloc[-1] < mapped.history["reconstruction"].iloc[0]
    correct = mapped.predict_labels()["prediction"].to_numpy() == query.obs["group"].to_numpy()
    assert correct.mean() > 0.9
    assert mapped.label_probabilities().index.equals(query.obs_names)


def test_known_batches_need_no_training(reference_and_query: tuple) -> None:
    reference, _ = reference_and_query
    model = CVAE(reference, batch_key="batch", **{**SMALL, "max_epochs": 3}).fit()
    mapped = model.map_query(reference[:50].copy())
    assert mapped.run_info["fraction_trained"] == 0
    assert len(mapped.history) == 0
    np.testing.assert_allclose(mapped.embedding(), model.embedding()[:50], rtol=1e-4, atol=1e-5)


def test_a_mapped_model_can_be_saved_and_loaded(reference_and_query: tuple, tmp_path) -> None:
    reference, query = reference_and_query
    model = CVAE(reference, batch_key="batch", **{**SMALL, "max_epochs": 3}, **RECIPES["one-hot"]).fit()
    mapped = model.map_query(query, max_epochs=2)
    mapped.save(tmp_path)
    assert CVAE.load(tmp_path, query, accelerator="cpu").embedding().tobytes() == mapped.embedding().tobytes()
