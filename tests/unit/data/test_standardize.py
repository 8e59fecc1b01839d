"""Counts, batches and labels are found wherever they are, and whatever cannot be right is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from in_memory import standardize
from scbraid.data.h5ad import read_h5ad, write_h5ad
from scbraid.errors import UserError
from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

N_CELLS, N_GENES = 30, 6


@pytest.fixture
def counts() -> np.ndarray:
    values = np.random.default_rng(0).poisson(1.5, size=(N_CELLS, N_GENES))
    values[0, 0] = 0
    return values


@pytest.fixture
def adata(counts: np.ndarray) -> ad.AnnData:
    """Two batches of 15 cells, three labels, raw counts in X."""
    obs = pd.DataFrame(
        {"donor": np.repeat(["b", "a"], 15), "type": ["T", "B", "NK"] * 10, "age": range(N_CELLS)},
        index=[f"cell{i}" for i in range(N_CELLS)],
    )
    var = pd.DataFrame({"feature_types": ["GEX"] * 4 + ["ATAC"] * 2}, index=[f"gene{i}" for i in range(N_GENES)])
    return ad.AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=var)


def run(adata: ad.AnnData, **options: Any) -> ad.AnnData:
    return standardize(adata, source="x.h5ad", **{"batch": "donor", "label": "type"} | options)


def mistake(adata: ad.AnnData, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        run(adata, **options)
    message = str(caught.value)
    assert message.startswith("x.h5ad: ")
    assert len(message.splitlines()) == 1
    return message.removeprefix("x.h5ad: ")


def dense(adata: ad.AnnData) -> np.ndarray:
    return adata.layers["counts"].toarray()


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


def test_stored_zeros_and_unsorted_entries_are_tidied(adata: ad.AnnData) -> None:
    columns = np.tile([3, 1, 0], N_CELLS)
    values = np.tile(np.array([2, 0, 1], dtype=np.float32), N_CELLS)
    adata.X = sparse.csr_matrix((values, columns, np.arange(0, 3 * N_CELLS + 1, 3)), shape=adata.shape)
    matrix = run(adata).layers["counts"]
    assert matrix.nnz == 2 * N_CELLS
    assert matrix.has_canonical_format
    np.testing.assert_array_equal(matrix.toarray(), np.tile([1, 0, 0, 2, 0, 0], (N_CELLS, 1)))


def test_input_is_not_changed(adata: ad.AnnData) -> None:
    adata.X = sparse.csr_matrix(np.vstack([np.zeros(N_GENES), adata.X.toarray()[1:]]))
    before = adata.copy()
    run(adata)
    assert (adata.X != before.X).nnz == 0
    pd.testing.assert_frame_equal(adata.obs, before.obs)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_every_dtype_and_form(adata: ad.AnnData, counts: np.ndarray, dtype: type, form: Any) -> None:
    adata.X = form(counts.astype(dtype))
    standard = run(adata)
    np.testing.assert_array_equal(dense(standard), counts)
    assert standard.layers["counts"].dtype == np.float32


@pytest.mark.parametrize("place", ["X", "raw", "layers/counts", "layers/spliced"])
@pytest.mark.parametrize("named", [True, False])
def test_counts_are_found(adata: ad.AnnData, counts: np.ndarray, place: str, named: bool) -> None:
    if place != "X":
        if place == "raw":
            adata.raw = adata.copy()
        else:
            adata.layers[place.removeprefix("layers/")] = adata.X.copy()
        adata.X = adata.X.log1p()
    np.testing.assert_array_equal(dense(run(adata, counts=place if named else "auto")), counts)


def test_raw_has_genes_of_its_own(adata: ad.AnnData, counts: np.ndarray) -> None:
    adata.raw = adata.copy()
    few = adata[:, :2].copy()
    few.X = few.X.log1p()
    standard = run(few)
    assert list(standard.var_names) == [f"gene{i}" for i in range(N_GENES)]
    np.testing.assert_array_equal(dense(standard), counts)


def test_layer_named_counts_comes_first(adata: ad.AnnData) -> None:
    adata.layers["counts"] = adata.X * 2
    np.testing.assert_array_equal(dense(run(adata)), 2 * adata.X.toarray())
    np.testing.assert_array_equal(dense(run(adata, counts="X")), adata.X.toarray())


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-1, "1 values are negative, such as -1"),
        (1.5, "1 values are not whole numbers, such as 1.5"),
        (np.nan, "1 values are NaN or infinite"),
        (np.inf, "1 values are NaN or infinite"),
        (2.0**25, "the largest value is 3.355e+07, no plausible count"),
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_values_that_are_no_counts(adata: ad.AnnData, value: float, problem: str, form: Any) -> None:
    changed = adata.X.toarray()
    changed[3, 2] = value
    adata.X = form(changed)
    assert mistake(adata) == f"no raw counts found (X: {problem})"
    assert mistake(adata, counts="X") == f"X does not hold raw counts: {problem}"


def test_matrix_of_zeros(adata: ad.AnnData) -> None:
    adata.X = sparse.csr_matrix((N_CELLS, N_GENES), dtype=np.float32)
    assert mistake(adata) == "no raw counts found (X: every value is zero)"


def test_every_place_is_named_where_none_holds_counts(adata: ad.AnnData) -> None:
    adata.X = -adata.X
    adata.raw = adata.copy()
    adata.layers["half"] = adata.X / 2
    message = mistake(adata)
    for place in ("X: ", "raw: ", "layers/half: "):
        assert place in message


def test_file_without_matrix(adata: ad.AnnData) -> None:
    assert mistake(ad.AnnData(obs=adata.obs, var=adata.var)) == "no raw counts found (the file has no matrix)"


def test_unknown_layer(adata: ad.AnnData) -> None:
    adata.layers["counts"] = adata.X
    message = mistake(adata, counts="layers/count")
    assert message == "there is no layers/count to take counts from, did you mean 'layers/counts'?"


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
