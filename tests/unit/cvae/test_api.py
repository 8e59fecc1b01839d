from __future__ import annotations

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from scbraid.cvae import CVAE
from scbraid.errors import UserError
from unit.cvae.small_models import RECIPES, all_covariates, make, with_obs


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_learns_and_its_model_comes_back_from_disk(cells: ad.AnnData, tmp_path, recipe: str) -> None:
    model = make(cells, **all_covariates(), **RECIPES[recipe]).fit()
    assert np.isfinite(model.embedding()).all()
    assert model.embedding().dtype == np.float32
    assert model.history["reconstruction"].iloc[-1] < model.history["reconstruction"].iloc[0]
    model.save(tmp_path)
    loaded = CVAE.load(tmp_path, cells, accelerator="cpu")
    assert loaded.embedding().tobytes() == model.embedding().tobytes()
    pd.testing.assert_frame_equal(loaded.history, model.history)
    assert loaded.parameters == model.parameters


@pytest.mark.parametrize("recipe", ["zinb", "mog", "embedding"])
def test_result_depends_on_no_order_and_no_name_of_a_batch(cells: ad.AnnData, recipe: str) -> None:
    expected = make(cells, **all_covariates(), **RECIPES[recipe]).fit()
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(cells.n_obs), rng.permutation(cells.n_vars)
    shuffled = cells[rows][:, columns].copy()
    shuffled.obs["batch"] = shuffled.obs["batch"].map({"batch0": "z", "batch1": "a", "batch2": "m"})
    shuffled.obs["sex"] = pd.Categorical(shuffled.obs["sex"], categories=["m", "f"])
    found = make(shuffled, **all_covariates(), **RECIPES[recipe]).fit()
    assert found.embedding().tobytes() == expected.embedding()[rows].tobytes()
    assert found.predict_labels().equals(expected.predict_labels().loc[shuffled.obs_names])


def test_a_plain_model_does_not_see_the_batch(cells: ad.AnnData) -> None:
    permuted = cells.copy()
    permuted.obs["batch"] = np.random.default_rng(0).permutation(cells.obs["batch"].to_numpy())
    plain, plain_permuted, without_key = (
        make(data, batch_key=key, conditional=False).fit().embedding()
        for data, key in ((cells, "batch"), (permuted, "batch"), (cells, None))
    )
    assert plain.tobytes() == plain_permuted.tobytes() == without_key.tobytes()
    assert not np.allclose(make(cells).fit().embedding(), make(permuted).fit().embedding())


@pytest.mark.parametrize("form", ["layer", "dense", "float", "csc", "int64"])
def test_the_form_of_the_counts_makes_no_difference(cells: ad.AnnData, form: str) -> None:
    other = cells.copy()
    if form == "layer":
        other.layers["counts"] = cells.X
        other.X = sparse.csr_matrix(cells.X.astype(np.float32) / 7)
    else:
        convert = {
            "dense": lambda counts: counts.toarray(),
            "float": lambda counts: counts.astype(np.float32),
            "csc": lambda counts: counts.tocsc(),
            "int64": lambda counts: counts.astype(np.int64),
        }
        other.X = convert[form](cells.X)
    assert make(other).fit().embedding().tobytes() == make(cells).fit().embedding().tobytes()


def test_stored_zeros_and_unsorted_indices_are_put_right_in_a_copy(cells: ad.AnnData) -> None:
    dense = cells.X.toarray()
    columns = np.tile(np.arange(cells.n_vars)[::-1], cells.n_obs)
    starts = np.arange(cells.n_obs + 1) * cells.n_vars
    messy = sparse.csr_matrix((dense[:, ::-1].ravel(), columns, starts), shape=dense.shape)
    other = ad.AnnData(messy, obs=cells.obs, var=cells.var)
    found = make(other, likelihood="zinb").fit().embedding()
    assert found.tobytes() == make(cells, likelihood="zinb").fit().embedding().tobytes()
    assert other.X.nnz == dense.size


def spoiled(cells: ad.AnnData, value: float) -> ad.AnnData:
    counts = cells.X.toarray().astype(np.float32)
    counts[3, 2] = value
    return ad.AnnData(sparse.csr_matrix(counts), obs=cells.obs, var=cells.var)


BAD_COUNTS = [
    (-1, "negative values, such as -1"),
    (0.5, "fractional values, such as 0.5"),
    (np.nan, "missing or infinite"),
]


@pytest.mark.parametrize(("value", "message"), BAD_COUNTS)
def test_values_that_are_no_counts_are_refused(cells: ad.AnnData, value: float, message: str) -> None:
    with pytest.raises(UserError, match=f"X has .*{message}.*raw counts are needed"):
        make(spoiled(cells, value))


def repeated_genes(cells: ad.AnnData) -> ad.AnnData:
    other = cells.copy()
    other.var_names = ["same", "same", *cells.var_names[2:]]
    return other


BAD_INPUT = {
    "column": (lambda cells: (cells, {"batch_key": "btch"}), "no column 'btch' in obs; did you mean 'batch'"),
    "label": (lambda cells: (cells, {"label_key": "grp"}), "no column 'grp' in obs"),
    "missing batch": (
        lambda cells: (with_obs(cells, batch=[None, *cells.obs["batch"][1:]]), {}),
        r"obs\['batch'\] is missing for 1 of 150 cells",
    ),
    "text as number": (
        lambda cells: (cells, {"continuous_covariate_keys": ["sex"]}),
        r"obs\['sex'\] has values that are not numbers",
    ),
    "missing number": (
        lambda cells: (with_obs(cells, age=[np.nan] * 150), {"continuous_covariate_keys": ["age"]}),
        r"obs\['age'\] has missing or infinite values",
    ),
    "genes repeat": (lambda cells: (repeated_genes(cells), {}), "gene names repeat \\(such as 'same'\\)"),
    "latent": (lambda cells: (cells, {"n_latent": 41}), "n_latent is 41, but the data have only 40 genes"),
    "one cell": (lambda cells: (cells[:1].copy(), {}), r"the data have 1 cell\(s\)"),
    "accelerator": (lambda cells: (cells, {"accelerator": "tpu"}), "accelerator is 'tpu', must be one of auto"),
    "parameter": (lambda cells: (cells, {"n_latnt": 3}), "no parameter 'n_latnt'; did you mean 'n_latent'"),
    "bf16": (lambda cells: (cells, {"precision": "bf16"}), "precision is bf16, but cpu does not compute in it"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_answered_in_a_line(cells: ad.AnnData, name: str) -> None:
    spoil, message = BAD_INPUT[name]
    data, changes = spoil(cells)
    with pytest.raises(UserError, match=message):
        make(data, **changes)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_a_gpu_that_is_not_there_is_an_error(cells: ad.AnnData) -> None:
    with pytest.raises(UserError, match="accelerator is 'gpu', but torch finds no CUDA device"):
        make(cells, accelerator="gpu")


@pytest.mark.parametrize("recipe", ["zinb", "poisson", "gene-batch", "mog", "vamp"])
def test_cells_and_genes_without_counts(cells: ad.AnnData, recipe: str) -> None:
    dense = cells.X.toarray()
    empty = np.flatnonzero(cells.obs["batch"] == "batch1")[[2, 7]]
    dense[empty] = 0
    dense[:, 5] = 0
    other = ad.AnnData(sparse.csr_matrix(dense), obs=cells.obs, var=cells.var)
    model = make(other, **RECIPES[recipe]).fit()
    embedding = model.embedding()
    assert np.isfinite(embedding).all()
    np.testing.assert_array_equal(*embedding[empty])
    assert model.run_info["notes"][:2] == [
        "2 cells without any count get the embedding of an empty profile",
        "1 genes without any count are decoded as next to zero",
    ]


@pytest.mark.parametrize("recipe", ["gene-batch", "batch", "embedding"])
def test_one_batch_and_a_batch_of_one_cell(cells: ad.AnnData, recipe: str) -> None:
    one_batch = with_obs(cells, batch="only")
    assert np.isfinite(make(one_batch, **RECIPES[recipe]).fit().embedding()).all()
    lone_cell = with_obs(cells, batch=["lone", *["rest"] * 149])
    assert np.isfinite(make(lone_cell, **RECIPES[recipe]).fit().embedding()).all()


@pytest.mark.parametrize("n_cells", [2, 3, 51])
def test_few_cells(cells: ad.AnnData, n_cells: int) -> None:
    embedding = make(cells[:n_cells].copy(), batch_size=2 if n_cells == 3 else 50).fit().embedding()
    assert embedding.shape == (n_cells, 4)
    assert np.isfinite(embedding).all()


def test_labels_are_predicted_for_cells_that_have_none(cells: ad.AnnData) -> None:
    rng = np.random.default_rng(0)
    known = pd.Series(cells.obs["group"].astype(str).to_numpy(), index=cells.obs_names)
    hidden = rng.choice(150, 60, replace=False)
    given = known.copy()
    given.iloc[hidden[:30]] = "unknown"
    given.iloc[hidden[30:]] = None
    model = make(with_obs(cells, group=given), label_key="group", max_epochs=60, lr=0.02).fit()
    predictions = model.predict_labels()
    assert (predictions["prediction"] == known).iloc[hidden].mean() > 0.85
    probabilities = model.label_probabilities()
    assert sorted(probabilities.columns) == ["group0", "group1", "group2", "group3"]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert predictions["probability"].equals(probabilities.max(axis=1))


def test_labels_that_are_all_unknown_leave_the_model_without_label_head(cells: ad.AnnData) -> None:
    model = make(with_obs(cells, group="unknown"), label_key="group").fit()
    assert model.embedding().tobytes() == make(cells).fit().embedding().tobytes()
    assert model.run_info["notes"] == ["no cell has a known label in obs['group']: trained without label head"]
    with pytest.raises(UserError, match="trained without labels"):
        model.predict_labels()


def test_run_info_is_json_and_tells_of_collapse(cells: ad.AnnData) -> None:
    info = make(cells).fit().run_info
    assert json.loads(json.dumps(info)) == info
    assert info["epochs"] == 3
    assert info["fraction_trained"] == 1
    assert info["n_parameters"] == sum(p.numel() for p in make(cells).module.parameters())
    collapsed = make(cells, prior="normal", beta=1e4, kl_schedule="constant", max_epochs=15).fit().run_info
    assert collapsed["active_dimensions"] == 0
    assert collapsed["notes"] == ["posterior collapse: 0 of 4 latent dimensions are active"]
