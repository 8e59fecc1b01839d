"""The model finds groups that are known because they were planted, under a batch effect that was planted too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from scbraid.cvae import CVAE
from unit.cvae.simulated import N_BATCHES, N_GROUPS, own_among_neighbors, simulate

if TYPE_CHECKING:
    import anndata as ad


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planted() -> ad.AnnData:
    return simulate(600, 100, seed=2, batch_effect=1.2)


def found_groups(embedding: np.ndarray, data: ad.AnnData) -> float:
    clusters = KMeans(N_GROUPS, n_init=10, random_state=0).fit_predict(embedding)
    return adjusted_rand_score(data.obs["group"], clusters)


def train(data: ad.AnnData, **changes: object) -> np.ndarray:
    settings = {
        "n_latent": 8,
        "n_hidden": 32,
        "max_epochs": 150,
        "n_epochs_kl_warmup": 1,
        "lr": 0.01,
        "accelerator": "cpu",
    }
    return CVAE(data, batch_key="batch", **{**settings, **changes}).fit().embedding()


def test_batches_hide_the_groups_without_integration(planted: ad.AnnData) -> None:
    counts = planted.X.toarray()
    components = PCA(8, random_state=0).fit_transform(np.log1p(1e4 * counts / counts.sum(1, keepdims=True)))
    assert found_groups(components, planted) < 0.7
    assert own_among_neighbors(components, planted.obs["batch"]) > 0.9
    assert own_among_neighbors(train(planted, conditional=False), planted.obs["batch"]) > 0.9


@pytest.mark.parametrize(
    "recipe",
    [
        {"likelihood": "nb"},
        {"likelihood": "zinb"},
        {"likelihood": "poisson"},
        # an encoder that sees the batch begins with the batches apart and takes longer to bring them together
        {"dispersion": "gene-batch", "encode_covariates": True, "max_epochs": 300},
        {"prior": "mog"},
        {"prior": "vamp"},
    ],
    ids=str,
)
def test_the_model_finds_the_groups_and_mixes_the_batches(planted: ad.AnnData, recipe: dict) -> None:
    embedding = train(planted, **recipe)
    assert found_groups(embedding, planted) > 0.95
    assert own_among_neighbors(embedding, planted.obs["batch"]) < 1 / N_BATCHES + 0.15
