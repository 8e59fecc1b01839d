"""The methods from scvi-tools: what their parameters do and what they save."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from scbraid.errors import UserError
from unit.methods.scvi_family import CLASSES, COVARIATES, map_onto, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

    from unit.methods.running import Trained


@pytest.mark.parametrize("name", CLASSES)
def test_result_and_history(name: str, finished: Callable[[str], Trained], few: AnnData) -> None:
    result, _ = finished(name)
    assert result.embedding.shape == (few.n_obs, 5)
    assert np.isfinite(result.embedding).all()
    assert result.device == "cpu"
    more = {"scanvi": ["stage", "classification"], "sysvi": ["cycle"]}.get(name, [])
    assert list(result.history) == ["epoch", "loss", "reconstruction", "kl", *more]
    stages = 2 if name == "scanvi" else 1
    assert list(result.history["epoch"]) == list(range(1, 2 * stages + 1))
    assert (np.diff(result.history["loss"])[::2] < 0).all()
    assert result.facts["epochs"] == 2 * stages


@pytest.mark.parametrize("name", CLASSES)
def test_saved_model_gives_the_same_embedding(name: str, finished: Callable[[str], Trained], few: AnnData) -> None:
    result, folder = finished(name)
    data = few.copy()
    data.obs["label"] = data.obs["label"].cat.add_categories("unlabelled").fillna("unlabelled")
    model = CLASSES[name].load(str(folder), adata=data, accelerator="cpu")
    np.testing.assert_allclose(model.get_latent_representation(), result.embedding, atol=1e-5)
    assert result.facts["n_parameters"] == sum(weights.numel() for weights in model.module.parameters())


@pytest.mark.parametrize("name", CLASSES)
def test_same_seed_gives_the_same_bytes(
    name: str, finished: Callable[[str], Trained], few: AnnData, tmp_path: Path
) -> None:
    again = train(name, few, tmp_path)
    assert again.embedding.tobytes() == finished(name)[0].embedding.tobytes()


@pytest.mark.parametrize("name", CLASSES)
def test_bf16_is_near_float32(name: str, finished: Callable[[str], Trained], few: AnnData, tmp_path: Path) -> None:
    exact, rounded = finished(name)[0], train(name, few, tmp_path, precision="bf16")
    assert not np.array_equal(exact.embedding, rounded.embedding)
    np.testing.assert_allclose(rounded.history["loss"], exact.history["loss"], rtol=0.02)
    assert rounded.embedding.dtype == np.float32


@pytest.mark.parametrize("name", CLASSES)
def test_early_stopping_looks_at_held_out_cells(name: str, few: AnnData, tmp_path: Path) -> None:
    history = train(name, few, tmp_path, early_stopping=True).history
    validation = history[["validation_loss", "validation_reconstruction", "validation_kl"]]
    assert validation[:2].notna().all(axis=None)
    assert history["validation_loss"][1] < history["validation_loss"][0]


def test_early_stopping_stops(few: AnnData, tmp_path: Path) -> None:
    result = train("scvi", few[::6], tmp_path, early_stopping=True, lr=1e-9, max_epochs=1000)
    assert 45 < result.facts["epochs"] == len(result.history) < 1000


@pytest.mark.parametrize(("name", "n_seeing"), [("scvi", 16), ("scanvi", 16), ("sysvi", 16 + 16 + 5)])
def test_covariates_add_weights(
    name: str, n_seeing: int, finished: Callable[[str], Trained], few: AnnData, tmp_path: Path
) -> None:
    """Two sexes and age are seen by the decoder's first layer, and of SysVI by encoder and components of the prior."""
    grown = train(name, few, tmp_path, **COVARIATES).facts["n_parameters"] - finished(name)[0].facts["n_parameters"]
    assert grown == 3 * n_seeing


def test_encoded_covariates_add_weights(finished: Callable[[str], Trained], few: AnnData, tmp_path: Path) -> None:
    """A column for every batch in the encoder of cells, and in the unused one of library sizes."""
    grown = train("scvi", few, tmp_path, encode_covariates=True).facts["n_parameters"]
    n_batches = few.obs["batch"].nunique()
    assert grown - finished("scvi")[0].facts["n_parameters"] == 2 * n_batches * 16


@pytest.mark.parametrize("name", ["scvi", "scanvi"])
def test_minified_model_needs_no_data(
    name: str, finished: Callable[[str], Trained], few: AnnData, tmp_path: Path
) -> None:
    result = train(name, few, tmp_path, save_minified=True)
    model = CLASSES[name].load(str(tmp_path), accelerator="cpu")
    assert model.adata.layers["counts"].nnz == 0
    np.testing.assert_allclose(model.get_latent_representation(), result.embedding, atol=1e-5)
    few, (plain, folder) = few[:50], finished(name)
    mapped = map_onto(name, few, tmp_path, max_epochs_query=1).embedding
    np.testing.assert_allclose(mapped, plain.embedding[:50], atol=1e-5)
    np.testing.assert_allclose(mapped, map_onto(name, few, folder, max_epochs_query=1).embedding, atol=1e-5)


@pytest.mark.parametrize(
    ("key", "column", "message"),
    [
        ("categorical_covariates", "sexe", "'sexe' is no column of obs in 'the data', did you mean 'sex'"),
        ("categorical_covariates", "gaps", "'gaps' has 1 missing values in 'the data'"),
        ("continuous_covariates", "sex", "'sex' holds text in 'the data'; a continuous covariate is numeric"),
    ],
)
def test_covariates_that_cannot_be(key: str, column: str, message: str, few: AnnData, tmp_path: Path) -> None:
    data = few.copy()
    data.obs["gaps"] = ["x"] * (data.n_obs - 1) + [None]
    with pytest.raises(UserError, match=f"^config: methods/scvi/{key}: {message}"):
        train("scvi", data, tmp_path, **{key: [column]})


def test_sysvi_needs_two_batches(few: AnnData, tmp_path: Path) -> None:
    one = few[few.obs["batch"] == few.obs["batch"].iloc[0]]
    with pytest.raises(UserError, match=r"^sysvi: the data have one batch"):
        train("sysvi", one, tmp_path)


@pytest.mark.parametrize("name", CLASSES)
def test_gpu_asked_for_where_there_is_none(name: str, few: AnnData, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UserError, match=f"^{name}: accelerator is 'gpu', but torch finds no CUDA device"):
        train(name, few, tmp_path, accelerator="gpu")
