"""The check of results: what it refuses, and that it refuses nothing that is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from scbraid.methods.registry import load
from scbraid.methods.spec import Context
from scbraid.runs.contract import ContractError, check_corrected, check_device, check_embedding

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData

N = 120
CELLS = [f"cell{i}" for i in range(N)]


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(N, 5))


@pytest.fixture
def data(demo_hvg: AnnData) -> dict[str, Any]:
    """Arguments that let the check compare rows with the demo's expression."""
    return {
        "cells": demo_hvg.obs_names,
        "run_name": "m",
        "expression": demo_hvg.X,
        "batch": demo_hvg.obs["batch"].to_numpy(),
    }


@pytest.fixture(scope="module")
def good(demo_hvg: AnnData) -> dict[str, np.ndarray]:
    context = Context(seed=0, accelerator="cpu", threads=1)
    harmony = load("harmony")[0](demo_hvg, context, theta=2.0, sigma=0.1, max_iter_harmony=3).embedding
    return {"pca": demo_hvg.obsm["X_pca"], "harmony": harmony}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_result_is_a_float32_table_in_the_order_of_the_cells(values: np.ndarray, dtype: type) -> None:
    table = check_embedding(values.astype(dtype), CELLS, run_name="m")
    assert (table.dtypes == np.float32).all()
    assert list(table.index) == CELLS
    assert list(table.columns) == ["0", "1", "2", "3", "4"]
    np.testing.assert_array_equal(table, values.astype(dtype).astype(np.float32))


def test_table_with_the_right_index_passes(values: np.ndarray) -> None:
    table = check_embedding(pd.DataFrame(values, index=CELLS, columns=list("abcde")), CELLS, run_name="m")
    assert list(table.columns) == ["0", "1", "2", "3", "4"]
    np.testing.assert_array_equal(table, values.astype(np.float32))


def spoiled(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def spoil(values: np.ndarray) -> np.ndarray:
        values[[3, 7], 1] = value
        return values

    return spoil


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.T, r"shape \(5, 120\), expected \(120, dimensions\); it looks transposed$"),
        (lambda v: v[:-1], r"shape \(119, 5\), expected \(120, dimensions\)$"),
        (lambda v: v[:, 0], r"shape \(120,\), expected"),
        (lambda v: v[:, :0], r"shape \(120, 0\), expected"),
        (lambda v: v[None], r"shape \(1, 120, 5\), expected"),
        (lambda v: None, "the method returned no embedding$"),
        (sparse.csr_matrix, r"shape \(\), expected"),
        (lambda v: np.rint(v).astype(int), "holds int64, not floating-point numbers$"),
        (lambda v: v.astype(object), "holds object, not"),
        (lambda v: v.astype(str), "holds <U32, not"),
        (lambda v: v + 1j, "holds complex128, not"),
        (lambda v: v > 0, "holds bool, not"),
        (spoiled(np.nan), "2 of 120 cells have NaN or infinite coordinates$"),
        (spoiled(-np.inf), "2 of 120 cells have NaN or infinite coordinates$"),
        (spoiled(1e300), "2 of 120 cells have NaN or infinite coordinates$"),
        (np.ones_like, "is constant"),
        (lambda v: np.tile(v[:1], (N, 1)), "is constant"),
        (lambda v: pd.DataFrame(v, index=CELLS).iloc[::-1], "has the cells of the data in another order$"),
        (lambda v: pd.DataFrame(v, index=[f"x{name}" for name in CELLS]), "has other cells than the data$"),
        (pd.DataFrame, "has other cells than the data$"),
        (lambda v: pd.DataFrame(v, index=CELLS).iloc[:-1], "has other cells than the data$"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_what_is_no_embedding_is_refused(values: np.ndarray, change: Callable, message: str) -> None:
    with pytest.raises(ContractError, match=f"^mine: .*{message}"):
        check_embedding(change(values), CELLS, run_name="mine")


def test_some_constant_dimensions_are_fine(values: np.ndarray) -> None:
    values[:, 1:] = 0
    assert check_embedding(values, CELLS, run_name="m").shape == (N, 5)


@pytest.mark.parametrize("name", ["pca", "harmony"])
def test_good_results_pass(name: str, good: dict[str, np.ndarray], data: dict[str, Any]) -> None:
    np.testing.assert_array_equal(check_embedding(good[name], **data), good[name].astype(np.float32))


def shuffled(rows: np.ndarray, batch: np.ndarray) -> np.ndarray:
    return np.random.default_rng(1).permutation(rows)


def shuffled_within_batches(rows: np.ndarray, batch: np.ndarray) -> np.ndarray:
    generator = np.random.default_rng(1)
    result = rows.copy()
    for name in np.unique(batch):
        members = np.flatnonzero(batch == name)
        result[members] = rows[generator.permutation(members)]
    return result


def shifted_by_one(rows: np.ndarray, batch: np.ndarray) -> np.ndarray:
    return np.roll(rows, 1, axis=0)


def sorted_by_name(rows: np.ndarray, batch: np.ndarray) -> np.ndarray:
    return rows[np.argsort(batch.astype(str), kind="stable")][::-1]


@pytest.mark.parametrize("permute", [shuffled, shuffled_within_batches, shifted_by_one, sorted_by_name])
@pytest.mark.parametrize("name", ["pca", "harmony"])
def test_permuted_rows_are_refused(name: str, permute: Callable, good: dict, data: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match=r"^m: the rows look permuted: .*\(mean rank 0\.[45]"):
        check_embedding(permute(good[name], data["batch"]), **data)


def centred(rows: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Every batch gets mean 0 and variance 1 in every dimension."""
    frame = pd.DataFrame(rows)
    groups = frame.groupby(batch)
    return ((frame - groups.transform("mean")) / groups.transform("std")).to_numpy()


def rotated(rows: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Every batch is turned and moved another way."""
    generator = np.random.default_rng(2)
    result = rows.copy()
    for name in np.unique(batch):
        turn, _ = np.linalg.qr(generator.normal(size=(rows.shape[1], rows.shape[1])))
        result[batch == name] = rows[batch == name] @ turn + 50 * generator.normal(size=rows.shape[1])
    return result


def two_dimensions(rows: np.ndarray, batch: np.ndarray) -> np.ndarray:
    return centred(rows[:, :2], batch)


@pytest.mark.parametrize("correct", [centred, rotated, two_dimensions])
def test_strong_correction_of_batches_passes(correct: Callable, good: dict, data: dict[str, Any]) -> None:
    check_embedding(correct(good["pca"], data["batch"]), **data)


def test_embedding_that_only_knows_the_labels_passes(demo_hvg: AnnData, data: dict[str, Any]) -> None:
    generator = np.random.default_rng(3)
    codes = demo_hvg.obs["label"].cat.codes.to_numpy()
    check_embedding(20 * generator.normal(size=(10, 8))[codes] + generator.normal(size=(len(codes), 8)), **data)


def test_batches_too_small_to_judge_are_not_judged(good: dict, data: dict[str, Any]) -> None:
    small = np.arange(len(data["batch"])) // 40
    check_embedding(shuffled(good["pca"], small), **data | {"batch": small})


@pytest.mark.parametrize(
    ("asked", "used", "right"),
    [
        ("auto", "cpu", True),
        ("auto", "cuda:0", True),
        ("cpu", "cpu", True),
        ("gpu", "cuda:0", True),
        ("gpu", "mps", True),
        ("cpu", "cuda:0", False),
        ("gpu", "cpu", False),
    ],
)
def test_device(asked: str, used: str, right: bool) -> None:
    if right:
        check_device(asked=asked, used=used, run_name="m")
    else:
        with pytest.raises(ContractError, match=f"^m: the {asked} was asked for but the method ran on {used}$"):
            check_device(asked=asked, used=used, run_name="m")


@pytest.mark.parametrize(
    ("corrected", "message"),
    [
        (None, "returns expression, and this one returned none"),
        (np.zeros((3, 4)), "shape (3, 4), the data (4, 3)"),
        (np.full((4, 3), np.nan), "not finite"),
        (np.full((4, 3), "high"), "not finite numbers"),
    ],
)
def test_corrected_expression_that_is_none_is_refused(corrected: np.ndarray | None, message: str) -> None:
    with pytest.raises(ContractError, match=re.escape(message)):
        check_corrected(corrected, (4, 3), run_name="mine")
    check_corrected(np.ones((4, 3)), (4, 3), run_name="mine")
