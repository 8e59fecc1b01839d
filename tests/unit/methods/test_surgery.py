"""Cells mapped onto a model of scvi-tools: weights for new batches alone are trained, and what is known stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import scvi
import torch
from sklearn.neighbors import KNeighborsClassifier

from scbraid.methods.families import scvi_surgery
from unit.methods.scvi_family import COVARIATES, QUERY_BATCH, SHORT, context, map_onto, parameters, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

    from unit.methods.running import Trained


@pytest.mark.parametrize("name", ["scvi", "scanvi"])
def test_mapped_cells_land_with_their_own_group(
    name: str, references: Callable[[str], Trained], planted: AnnData
) -> None:
    result, folder = references(name)
    is_query = (planted.obs["batch"] == QUERY_BATCH).to_numpy()
    mapped = map_onto(name, planted[is_query], folder, **SHORT[name], encode_covariates=True, max_epochs_query=20)
    assert mapped.embedding.shape == (is_query.sum(), 5)
    assert mapped.facts["epochs"] == 20
    # one new column of 16 units in one layer each of encoder and decoder
    assert mapped.facts["fraction_trained"] == 2 * 16 / mapped.facts["n_parameters"] < 0.1
    groups = planted.obs["label"].astype(str)
    nearest = KNeighborsClassifier(15).fit(result.embedding, groups[~is_query]).predict(mapped.embedding)
    assert (nearest == groups[is_query]).mean() > 0.9
    if name == "scanvi":
        assert (mapped.probabilities.idxmax(axis=1) == groups[is_query]).mean() > 0.9
        np.testing.assert_allclose(mapped.probabilities.sum(axis=1), 1, atol=1e-5)
        assert list(mapped.probabilities) == list(result.probabilities)


@pytest.mark.parametrize("name", ["scvi", "scanvi"])
def test_known_batches_need_no_training(name: str, references: Callable[[str], Trained], planted: AnnData) -> None:
    result, folder = references(name)
    known = planted[planted.obs["batch"] != QUERY_BATCH]
    mapped = map_onto(name, known, folder, **SHORT[name], encode_covariates=True)
    assert mapped.facts["epochs"] == mapped.facts["fraction_trained"] == 0
    np.testing.assert_allclose(mapped.embedding, result.embedding, atol=1e-5)


def test_encoder_that_sees_no_batch_needs_no_training(few: AnnData, tmp_path: Path) -> None:
    is_query = (few.obs["batch"] == few.obs["batch"].cat.categories[0]).to_numpy()
    train("scvi", few[~is_query], tmp_path)
    mapped = map_onto("scvi", few[is_query], tmp_path)
    assert mapped.facts["epochs"] == mapped.facts["fraction_trained"] == 0
    model = scvi.model.SCVI.load(str(tmp_path), adata=few[~is_query].copy(), accelerator="cpu")
    with torch.inference_mode():
        counts = torch.from_numpy(few[is_query].layers["counts"].toarray())
        posterior, _ = model.module.z_encoder(torch.log1p(counts))
    np.testing.assert_allclose(mapped.embedding, posterior.loc.numpy(), atol=1e-5)


@pytest.mark.parametrize("n_known", [1, 2])
def test_surgery_leaves_what_is_known(n_known: int, few: AnnData, tmp_path: Path) -> None:
    """Known cells among the query stay where they were, whatever columns the new batch and covariate bring."""
    batches = few.obs["batch"].cat.categories
    known = (few.obs["batch"].isin(batches[:n_known]) & (few.obs["sex"] == "f")).to_numpy()
    chosen = {"encode_covariates": True, "dispersion": "gene-batch", **COVARIATES}
    result = train("scvi", few[known], tmp_path, **chosen)
    saved = (tmp_path / "model.pt").read_bytes()
    settings = parameters("scvi", **chosen, max_epochs_query=3, lr=0.1)
    model, facts = scvi_surgery.surgery(scvi.model.SCVI, few.copy(), context(tmp_path), settings, method="scvi")
    embedding = model.get_latent_representation()
    np.testing.assert_allclose(embedding[known], result.embedding, atol=1e-5)
    assert (tmp_path / "model.pt").read_bytes() == saved
    assert 0 < facts["fraction_trained"] < 0.1
    untrained, _ = scvi_surgery.surgery(
        scvi.model.SCVI, few.copy(), context(tmp_path), settings | {"max_epochs_query": 1, "lr": 1e-12}, method="scvi"
    )
    assert np.abs(untrained.get_latent_representation() - embedding)[~known].max() > 0.1
