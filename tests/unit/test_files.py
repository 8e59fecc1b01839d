"""What is written is what is read, and the same content gives the same bytes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
import pytest

from scbraid.data.h5ad import read_h5ad, read_obs, write_h5ad
from scbraid.errors import UserError
from scbraid.files import (
    embedding_table,
    read_embedding,
    read_json,
    read_table,
    write_embedding,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

NAMES = ["001", "10", "NA", "None", "nan", "1e5", "True", 'T "cell"', "a\tb", "μ"]
NUMBERS = ["001", "10", "2.50"]


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz"])
@pytest.mark.parametrize("column", ["batch", "cell", "gene", "label", "method"])
@pytest.mark.parametrize("names", [NAMES, NUMBERS])
def test_names_stay_text(tmp_path: Path, suffix: str, column: str, names: list[str]) -> None:
    table = pd.DataFrame({column: names, "value": np.linspace(0, 1, len(names))})
    write_table(table, tmp_path / f"t{suffix}")
    pd.testing.assert_frame_equal(read_table(tmp_path / f"t{suffix}", names=(column,)), table)


def test_types_of_other_columns(tmp_path: Path) -> None:
    table = pd.DataFrame({"n": [1, 2], "kept": [True, False], "x": [0.1, np.nan], "small": [1e-300, 1 / 3]})
    write_table(table, tmp_path / "t.tsv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.tsv"), table)


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz"])
def test_same_table_same_bytes(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"gene": NAMES, "value": range(len(NAMES))})
    path = tmp_path / f"t{suffix}"
    write_table(table, path)
    before = path.read_bytes()
    monkeypatch.setattr(time, "time", lambda: 2e9)
    write_table(table, path)
    assert path.read_bytes() == before


def test_embedding(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(5, 3))
    table = embedding_table(values, pd.Index(list("vwxyz")))
    for name in "ab":
        write_embedding(table, tmp_path / name)
    read = read_embedding(tmp_path / "a")
    pd.testing.assert_frame_equal(read, table)
    assert read.index.name == "cell"
    assert list(read.columns) == ["0", "1", "2"]
    np.testing.assert_array_equal(read, values.astype(np.float32))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_annotation_alone(demo_standard: AnnData, tmp_path: Path) -> None:
    write_h5ad(demo_standard, tmp_path / "new" / "x.h5ad")
    pd.testing.assert_frame_equal(read_obs(tmp_path / "new" / "x.h5ad"), demo_standard.obs)


def test_json(tmp_path: Path) -> None:
    content = {"b": None, "a": [1, 2.5, "x"]}
    write_json(content, tmp_path / "x.json")
    assert read_json(tmp_path / "x.json") == content
    assert (tmp_path / "x.json").read_text().endswith("}\n")


@pytest.mark.parametrize(("content", "message"), [(None, "no such file$"), (b"text", "is not a readable .h5ad file")])
def test_unreadable_h5ad(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.h5ad"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path}.*{message}") as caught:
        read_h5ad(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.filterwarnings("ignore:Element .* was written without encoding metadata")
def test_hdf5_that_is_no_h5ad(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        file["matrix/barcodes"] = [1, 2]
    with pytest.raises(UserError, match=r"is not a readable \.h5ad file"):
        read_h5ad(tmp_path / "x.h5ad")
