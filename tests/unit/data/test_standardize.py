"""Batches, labels, feature types and names of a source, and whatever cannot be right is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from scbraid.data.h5ad import read_h5ad, write_h5ad
from scbraid.data.standardize import standardize
from support import ROOT
from unit.data.standardizing import N_CELLS, N_GENES, dense, mistake, run

if TYPE_CHECKING:
    from pathlib import Path


def test_contents(adata: ad.AnnData, counts: np.ndarray) -> None:
    adata.obsm["X_pca"] = np.ones((N_CELLS, 2))
    adata.uns["old"] = 1
    standard = run(adata)
    matrix = standard.layers["counts"]
    assert isinstance(matrix, sparse.csr_matrix)
    assert matrix.dtype == np.float32
    assert matrix.has_canonical_format
    assert matrix.nnz == np.count_nonzero(counts)
    np.testing.assert_array_equal(matrix.toarray(), counts)
    assert standard.X is None
    assert list(standard.obs.columns) == ["age", "batch", "label"]
    assert list(standard.obs["batch"].cat.categories) == ["a", "b"]
    assert list(standard.obs["batch"]) == ["b"] * 15 + ["a"] * 15
    assert list(standard.obs["label"].cat.categories) == ["B", "NK", "T"]
    assert list(standard.obs["label"]) == ["T", "B", "NK"] * 10
    assert list(standard.obs["age"]) == list(range(N_CELLS))
    assert not standard.obsm
    assert not standard.uns


def test_result_survives_a_file(adata: ad.AnnData, tmp_path: Path) -> None:
    adata.obs.loc["cell3", "type"] = np.nan
    standard = run(adata)
    write_h5ad(standard, tmp_path / "standard.h5ad")
    read = read_h5ad(tmp_path / "standard.h5ad")
    np.testing.assert_array_equal(dense(read), dense(standard))
    pd.testing.assert_frame_equal(read.obs, standard.obs)
    pd.testing.assert_frame_equal(read.var, standard.var, check_categorical=False, check_dtype=False)


def test_input_is_not_changed(adata: ad.AnnData) -> None:
    adata.X = sparse.csr_matrix(np.vstack([np.zeros(N_GENES), adata.X.toarray()[1:]]))
    before = adata.copy()
    run(adata)
    assert (adata.X != before.X).nnz == 0
    pd.testing.assert_frame_equal(adata.obs, before.obs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": "doner"}, "obs has no column 'doner' (config key batch), did you mean 'donor'?"),
        ({"label": "types"}, "obs has no column 'types' (config key label), did you mean 'type'?"),
        ({"batch": "zzz"}, "obs has no column 'zzz' (config key batch), valid: age, donor, type"),
        ({"batches": ["a", "c1"]}, "obs['donor'] has no batch 'c1', valid: a, b"),
        ({"feature_types": ["GX"]}, "no gene has feature type 'GX', did you mean 'GEX'?"),
        ({"batches": ["a"]}, "all 15 cells are of one batch ('a'); integration needs two"),
    ],
)
def test_names_that_are_not_in_the_data(adata: ad.AnnData, options: dict, message: str) -> None:
    assert mistake(adata, **options) == message


def test_feature_types_without_such_a_column(adata: ad.AnnData) -> None:
    adata.var = adata.var[[]]
    assert mistake(adata, feature_types=["GEX"]) == "var has no column 'feature_types' to select GEX from"


def test_selected_feature_types(adata: ad.AnnData, counts: np.ndarray) -> None:
    standard = run(adata, feature_types=["GEX"])
    assert list(standard.var_names) == ["gene0", "gene1", "gene2", "gene3"]
    np.testing.assert_array_equal(dense(standard), counts[:, :4])


def test_selected_batches(adata: ad.AnnData, counts: np.ndarray) -> None:
    adata.obs["donor"] = np.repeat(["c", "a", "b"], 10)
    standard = run(adata, batches=["b", "c"])
    assert list(standard.obs["batch"].cat.categories) == ["b", "c"]
    assert list(standard.obs_names) == [f"cell{i}" for i in (*range(10), *range(20, 30))]
    np.testing.assert_array_equal(dense(standard), counts[[*range(10), *range(20, 30)]])


@pytest.mark.parametrize("blank", [None, np.nan, "", "  "])
def test_cells_without_batch(adata: ad.AnnData, blank: Any) -> None:
    adata.obs["donor"] = adata.obs["donor"].astype(object)
    adata.obs.loc[["cell1", "cell2"], "donor"] = blank
    assert mistake(adata) == "2 cells have no batch in obs['donor']; name it or remove these cells"


def test_selecting_batches_leaves_cells_without_batch_out(adata: ad.AnnData) -> None:
    adata.obs.loc[["cell1", "cell2"], "donor"] = np.nan
    assert run(adata, batches=["a", "b"]).n_obs == N_CELLS - 2


@pytest.mark.parametrize("blank", [None, np.nan, "", "  "])
@pytest.mark.parametrize("dtype", [object, "category"])
def test_missing_labels_stay_missing(adata: ad.AnnData, blank: Any, dtype: Any) -> None:
    adata.obs["type"] = adata.obs["type"].astype(object)
    adata.obs.loc[["cell1", "cell2"], "type"] = blank
    adata.obs["type"] = adata.obs["type"].astype(dtype)
    label = run(adata).obs["label"]
    assert list(label.index[label.isna()]) == ["cell1", "cell2"]
    assert list(label.cat.categories) == ["B", "NK", "T"]


def test_no_label_at_all(adata: ad.AnnData) -> None:
    adata.obs["type"] = np.nan
    assert mistake(adata) == "no cell has a label in obs['type']; set label: null for data without labels"


def test_no_label_in_the_selected_batches(adata: ad.AnnData) -> None:
    adata.obs["donor"] = np.repeat(["c", "a", "b"], 10)
    adata.obs["type"] = ["T"] * 10 + [None] * 20
    assert mistake(adata, batches=["a", "b"]).startswith("no cell has a label in obs['type']")


@pytest.mark.parametrize(("values", "names"), [([1, 2], ["1", "2"]), ([True, False], ["False", "True"])])
def test_batches_that_are_no_text(adata: ad.AnnData, values: list, names: list[str]) -> None:
    adata.obs["donor"] = np.repeat(values, 15)
    assert list(run(adata).obs["batch"].cat.categories) == names
    assert run(adata, batches=names).n_obs == N_CELLS


def test_data_without_labels(adata: ad.AnnData) -> None:
    assert "label" not in run(adata, label=None).obs


def test_columns_that_bear_the_new_names_are_kept_apart(adata: ad.AnnData) -> None:
    adata.obs["batch"] = "lane1"
    adata.obs["batch_original"] = "older"
    adata.obs["label"] = "coarse"
    obs = run(adata).obs
    assert set(obs["batch"]) == {"a", "b"}
    assert set(obs["batch_original"]) == {"lane1"}
    assert set(obs["label_original"]) == {"coarse"}
    assert obs.columns.is_unique
    assert "label" not in run(adata, label=None).obs


def test_columns_that_bear_their_names_already(adata: ad.AnnData) -> None:
    adata.obs = adata.obs.rename(columns={"donor": "batch", "type": "label"})
    obs = run(adata, batch="batch", label="label").obs
    assert list(obs.columns) == ["age", "batch", "label"]


def test_small_batches_are_named(adata: ad.AnnData) -> None:
    adata.obs["donor"] = ["a"] * 15 + ["b"] * 9 + ["c"] * 6
    message = mistake(adata)
    assert message == "fewer than 10 cells in batch 'b' (9), 'c' (6); leave such batches out with `batches`"


@pytest.mark.parametrize("kind", ["cell", "gene"])
def test_names_that_stand_twice(adata: ad.AnnData, kind: str) -> None:
    names = adata.obs_names if kind == "cell" else adata.var_names
    changed = [names[1], *names[1:]]
    setattr(adata, "obs_names" if kind == "cell" else "var_names", changed)
    message = mistake(adata)
    axis = "obs" if kind == "cell" else "var"
    assert message.startswith(f"1 {kind} names stand more than once, such as '{kind}1'")
    assert message.endswith(f"(anndata: {axis}_names_make_unique())")


@pytest.mark.parametrize("kind", ["cell", "gene"])
@pytest.mark.parametrize("name", ["", " "])
def test_empty_names(adata: ad.AnnData, kind: str, name: str) -> None:
    names = adata.obs_names if kind == "cell" else adata.var_names
    setattr(adata, "obs_names" if kind == "cell" else "var_names", [name, *names[1:]])
    assert mistake(adata) == f"1 {kind} names are empty"


def test_names_of_what_is_left_out_do_not_matter(adata: ad.AnnData) -> None:
    adata.var_names = [*adata.var_names[:5], "gene4"]
    assert run(adata, feature_types=["GEX"]).n_vars == 4


def test_order_of_cells_and_genes_is_kept(adata: ad.AnnData) -> None:
    cells = np.random.default_rng(1).permutation(N_CELLS)
    genes = np.random.default_rng(2).permutation(N_GENES)
    standard, permuted = run(adata), run(adata[cells, genes].copy())
    np.testing.assert_array_equal(dense(permuted), dense(standard)[cells][:, genes])
    pd.testing.assert_frame_equal(permuted.obs, standard.obs.iloc[cells])
    pd.testing.assert_frame_equal(permuted.var, standard.var.iloc[genes])


def test_demo() -> None:
    source = ad.read_h5ad(ROOT / "resources" / "pbmc" / "pbmc.h5ad")
    standard = standardize(source, source="pbmc", batch="batch", label="cell_type")
    np.testing.assert_array_equal(dense(standard), source.X.toarray())
    assert standard.obs["batch"].value_counts().to_dict() == {"pbmc68k_v1": 700, "pbmc10k_v3": 193, "pbmc5k_v3": 187}
    assert list(standard.obs["label"]) == list(source.obs["cell_type"])
