"""Read chunk by chunk from a file, counts and everything that rests on them are those of the whole matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from in_memory import control_quality, standardize
from scbraid.config.resolve import resolve
from scbraid.data.counts import Counts
from scbraid.data.h5ad import open_h5ad, read_h5ad, write_h5ad
from scbraid.data.standardize import standard_form
from scbraid.errors import UserError
from scbraid.preprocess.features import select_features
from scbraid.preprocess.qc import filter_cells
from support import ROOT, demo_config

if TYPE_CHECKING:
    from pathlib import Path

FORMS = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "array": sparse.csr_array, "dense": np.asarray}
N_CELLS, N_GENES = 37, 11


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the demo too large for one chunk, and for all batches at once."""
    set_entries_at_once(monkeypatch, 20_000)
    monkeypatch.setattr("scbraid.data.counts.ENTRIES_OF_BATCHES", 100_000)


def set_entries_at_once(monkeypatch: pytest.MonkeyPatch, n_entries: int) -> None:
    for module in ("counts", "raw_counts"):
        monkeypatch.setattr(f"scbraid.data.{module}.ENTRIES_AT_ONCE", n_entries)


@pytest.fixture
def values() -> np.ndarray:
    values = np.random.default_rng(0).poisson(0.7, size=(N_CELLS, N_GENES)).astype(np.uint16)
    values[5:9] = 0
    return values


@pytest.fixture
def demo_path() -> Path:
    return ROOT / "resources" / "pbmc" / "pbmc.h5ad"


def stored(matrix: Any, path: Path) -> Any:
    """Write a matrix as X of a file and open it."""
    ad.AnnData(matrix).write_h5ad(path, compression="gzip")
    return open_h5ad(path).X


def assert_same(left: sparse.csr_matrix, right: sparse.csr_matrix) -> None:
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize("at_once", [1, 20, 10**6])
def test_chunks_make_up_the_chosen_cells_and_genes(
    values: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, in_file: bool, at_once: int
) -> None:
    set_entries_at_once(monkeypatch, at_once)
    rng = np.random.default_rng(1)
    cells, genes = rng.random(N_CELLS) < 0.6, rng.random(N_GENES) < 0.6
    cells[20:30] = False
    matrix = FORMS[form](values)
    if in_file:
        matrix = stored(matrix, tmp_path / "x.h5ad")
    counts = Counts(matrix, cells=cells, genes=genes)
    expected = sparse.csr_matrix(values[cells][:, genes], dtype=np.float32)
    assert counts.most_entries >= expected.nnz
    parts = list(counts.chunks())
    assert all(part.nnz <= max(at_once, N_GENES) and part.dtype == np.float32 for part in parts)
    assert_same(sparse.vstack(parts, format="csr"), expected)
    assert_same(counts.read(), expected)


def test_only_rows_that_are_wanted_are_read(demo_path: Path) -> None:
    source = read_h5ad(demo_path)
    cells = np.zeros(source.n_obs, dtype=bool)
    cells[[3, 1000]] = True
    assert len(list(Counts(open_h5ad(demo_path).X, cells=cells).chunks())) == 2
    assert len(list(Counts(open_h5ad(demo_path).X).chunks())) >= source.X.nnz / 20_000


@pytest.mark.parametrize("at_once", [1, 60, 10**6])
def test_each_batch_comes_once_with_all_its_cells(
    values: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("scbraid.data.counts.ENTRIES_OF_BATCHES", at_once)
    set_entries_at_once(monkeypatch, 25)
    rng = np.random.default_rng(2)
    cells = rng.random(N_CELLS) < 0.8
    batch = pd.Series(pd.Categorical(rng.choice(["b", "a", "c"], cells.sum()), categories=["a", "none", "b", "c"]))
    values[np.flatnonzero(cells)[batch == "a"]] = 0  # a batch without any count
    counts = Counts(stored(sparse.csr_matrix(values), tmp_path / "x.h5ad"), cells=cells)
    found = list(counts.of_batches(batch))
    assert [name for name, _, _ in found] == ["a", "b", "c"]
    for name, places, of_batch in found:
        np.testing.assert_array_equal(places, np.flatnonzero(batch == name))
        np.testing.assert_array_equal(of_batch.toarray(), values[cells][places])


@pytest.mark.parametrize("most_entries", [None, 2**31])
def test_file_written_in_chunks(values: np.ndarray, tmp_path: Path, most_entries: int | None) -> None:
    matrix = sparse.csr_matrix(values, dtype=np.float32)
    annotation = ad.AnnData(obs=pd.DataFrame(index=[f"c{i}" for i in range(N_CELLS)]))
    annotation = ad.AnnData(obs=annotation.obs, var=pd.DataFrame(index=[f"g{i}" for i in range(N_GENES)]))
    whole = annotation.copy()
    whole.layers["counts"] = matrix
    write_h5ad(whole, tmp_path / "whole.h5ad")
    counts = Counts(matrix)
    counts.most_entries = most_entries or counts.most_entries
    write_h5ad(annotation, tmp_path / "chunks.h5ad", matrices={"layers/counts": counts})
    read = read_h5ad(tmp_path / "chunks.h5ad")
    assert_same(read.layers["counts"], read_h5ad(tmp_path / "whole.h5ad").layers["counts"])
    with h5py.File(tmp_path / "chunks.h5ad") as file:
        starts = file["layers/counts/indptr"].dtype
    assert starts == (np.int64 if most_entries else np.int32)  # 32 bits count 2**31 - 1 entries


def test_every_step_from_a_file_is_that_in_memory(demo_path: Path, tmp_path: Path) -> None:
    options = {"source": "pbmc", "batch": "batch", "label": "cell_type"}
    settings = resolve(demo_config())["datasets"]["pbmc"]["qc"]
    in_memory = standardize(read_h5ad(demo_path), **options)
    standard, counts = standard_form(open_h5ad(demo_path), **options)
    write_h5ad(standard, tmp_path / "standard.h5ad", matrices={"layers/counts": counts})
    filtered, counts, cells, summary = filter_cells(open_h5ad(tmp_path / "standard.h5ad"), settings, name="pbmc")
    write_h5ad(filtered, tmp_path / "filtered.h5ad", matrices={"layers/counts": counts})

    expected, expected_cells, expected_summary = control_quality(in_memory, settings, name="pbmc")
    pd.testing.assert_frame_equal(cells, expected_cells)
    pd.testing.assert_frame_equal(summary, expected_summary)
    pd.testing.assert_frame_equal(filtered.obs, expected.obs)
    assert_same(read_h5ad(tmp_path / "standard.h5ad").layers["counts"], in_memory.layers["counts"])
    assert_same(read_h5ad(tmp_path / "filtered.h5ad").layers["counts"], expected.layers["counts"])
    for flavor in ("seurat_v3", "cell_ranger"):
        found = select_features(open_h5ad(tmp_path / "filtered.h5ad"), name="pbmc", n_top_genes=200, flavor=flavor)
        wanted = select_features(expected, name="pbmc", n_top_genes=200, flavor=flavor)
        pd.testing.assert_frame_equal(found[1], wanted[1])
        assert_same(found[0].X, wanted[0].X)
        assert_same(found[0].layers["counts"], wanted[0].layers["counts"])


@pytest.mark.parametrize("place", ["X", "raw", "layers/counts", "layers/other"])
@pytest.mark.parametrize("form", FORMS)
def test_counts_are_found_in_a_file(values: np.ndarray, tmp_path: Path, place: str, form: str) -> None:
    source = ad.AnnData(FORMS[form](np.log1p(values).astype(np.float32)))
    source.obs["donor"] = ["a", "b"] * (N_CELLS // 2) + ["a"]
    counts = FORMS[form](values.astype(np.float64))
    if place == "X":
        source.X = counts
    elif place == "raw":
        source.raw = ad.AnnData(counts, obs=source.obs)
    else:
        source.layers[place.removeprefix("layers/")] = counts
    source.write_h5ad(tmp_path / "x.h5ad")
    standard = standardize(open_h5ad(tmp_path / "x.h5ad"), source="x", batch="donor")
    np.testing.assert_array_equal(standard.layers["counts"].toarray(), values)


@pytest.mark.parametrize(
    ("array", "content", "problem"),
    [
        ("data", np.array([1, 2.5, 2]), "1 values are not whole numbers, such as 2.5"),
        ("data", np.array([1, -2, -3.5]), "1 values are not whole numbers, such as -3.5"),
        ("data", np.array([1, -2, -3.0]), "2 values are negative, such as -3"),
        ("data", np.array([np.nan, np.inf, -1]), "2 values are NaN or infinite"),
        ("data", np.zeros(3), "every value is zero"),
        ("data", np.array([1.0, 2]), "damaged: 2 values, 3 indices and an indptr that ends at 3"),
        ("indices", np.array([0, 5, 1]), "damaged: "),
        ("indices", np.array([0, -1, 1]), "damaged: "),
        ("indptr", np.array([0, 3, 2, 3]), "damaged: indptr does not rise"),
        ("indptr", np.array([1, 2, 2, 3]), "damaged: indptr does not rise"),
        ("indptr", np.array([0, 1, 2, 9]), "damaged: 3 values, 3 indices and an indptr that ends at 9"),
        ("indptr", np.array([0, 3]), "damaged: indptr does not rise"),
        ("indptr", np.array([0, 1.5, 2, 3]), "x.h5ad is not a readable .h5ad file (Cannot cast"),
        ("indptr", None, "x.h5ad is not a readable .h5ad file"),
    ],
)
def test_matrix_in_a_file_that_holds_no_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, array: str, content: np.ndarray | None, problem: str
) -> None:
    set_entries_at_once(monkeypatch, 1)
    path = tmp_path / "x.h5ad"
    ad.AnnData(sparse.csr_matrix(np.diag([1.0, 2, 2])[:, [0, 1, 2, 2]] * [1, 1, 1, 0])).write_h5ad(path)
    with h5py.File(path, "r+") as file:
        del file["X"][array]
        if content is not None:
            file["X"][array] = content
    with pytest.raises(UserError) as caught:
        standard_form(open_h5ad(path), source="x.h5ad", batch=None, query="q")
    assert problem in str(caught.value)


def test_damage_within_a_file_is_told_with_its_name(values: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    matrix = stored(sparse.csr_matrix(values), path)
    place = matrix.group["data"].id.get_chunk_info(0).byte_offset
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 8)
    with pytest.raises(UserError, match=r"x.h5ad is not a readable .h5ad file \("):
        Counts(open_h5ad(path).X).read()


@pytest.mark.parametrize("step", ["standardize", "qc", "features", "scored_cells", "export"])
def test_steps_before_the_selection_of_genes_leave_raw_counts_in_the_file(step: str) -> None:
    script = (ROOT / "workflow" / "scripts" / f"{step}.py").read_text()
    assert ("open_fetched(" if step == "standardize" else "open_h5ad(") in script
    assert "read_h5ad" not in script
