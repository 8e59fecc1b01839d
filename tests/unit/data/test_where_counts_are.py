"""Raw counts are found wherever they are, in every form, and what is no count is refused."""

from __future__ import annotations

from typing import Any

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from unit.data.standardizing import N_CELLS, N_GENES, dense, mistake, run


def test_stored_zeros_and_unsorted_entries_are_tidied(adata: ad.AnnData) -> None:
    columns = np.tile([3, 1, 0], N_CELLS)
    values = np.tile(np.array([2, 0, 1], dtype=np.float32), N_CELLS)
    adata.X = sparse.csr_matrix((values, columns, np.arange(0, 3 * N_CELLS + 1, 3)), shape=adata.shape)
    matrix = run(adata).layers["counts"]
    assert matrix.nnz == 2 * N_CELLS
    assert matrix.has_canonical_format
    np.testing.assert_array_equal(matrix.toarray(), np.tile([1, 0, 0, 2, 0, 0], (N_CELLS, 1)))


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
