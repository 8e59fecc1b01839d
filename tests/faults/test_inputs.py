"""Malformed data: each file ends in a few short lines that name the culprit; nothing in a file runs as code."""

from __future__ import annotations

import json
import os
import pickle
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from faults.data import DEMO, N_CELLS, config, sound
from faults.terminal import check_complaint, check_refused
from in_memory import standardize
from scbraid.data.download import fetch
from scbraid.data.h5ad import open_h5ad, read_h5ad
from scbraid.errors import UserError
from scbraid.graphs.neighbors import Neighbors
from support import snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHELL = "$(touch canary) `touch canary` '; touch canary; \""


class Code:
    """Leaves a file where it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.command = f"touch {canary}"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.system, (self.command,)


def with_values(value: float) -> ad.AnnData:
    adata = sound()
    matrix = adata.X.toarray()
    matrix[3, 2] = value
    adata.X = sparse.csr_matrix(matrix)
    return adata


def with_matrix(matrix: Any) -> ad.AnnData:
    return ad.AnnData(matrix, obs=sound().obs, var=sound().var)


def with_column(name: str, values: Any) -> ad.AnnData:
    adata = sound()
    adata.obs[name] = values
    return adata


def with_names(axis: str, names: dict[int, str]) -> ad.AnnData:
    adata = sound()
    index = list(getattr(adata, axis).index)
    for place, name in names.items():
        index[place] = name
    setattr(adata, f"{axis}_names", pd.Index(index, dtype=object))
    return adata


def damaged(**arrays: list[int]) -> ad.AnnData:
    """Sparse matrix whose arrays contradict each other, as scipy would not build it."""
    adata = sound()
    for name, values in arrays.items():
        array = getattr(adata.X, name)
        array[: len(values)] = values
    return adata


DATA: dict[str, tuple[Callable[[], ad.AnnData], dict[str, Any], str]] = {
    "NaN": (lambda: with_values(np.nan), {}, "NaN"),
    "infinite": (lambda: with_values(np.inf), {}, "infinite"),
    "negative": (lambda: with_values(-1), {}, "negative"),
    "fractional": (lambda: with_values(0.5), {}, "not whole numbers"),
    "too large": (lambda: with_values(1e12), {}, "no plausible count"),
    "logarithms": (lambda: with_matrix(sound().X.log1p()), {}, "not whole numbers"),
    "zeros": (lambda: with_matrix(sparse.csr_matrix(sound().shape)), {}, "every value is zero"),
    "text in place of numbers": (lambda: with_matrix(np.full(sound().shape, "1")), {}, "type"),
    "complex numbers": (lambda: with_matrix(np.full(sound().shape, 1 + 1j)), {}, "type"),
    "truth values": (lambda: with_matrix(np.ones(sound().shape, dtype=bool)), {}, "type"),
    "no cells": (sound()[:0].copy, {}, "x.h5ad"),
    "no genes": (sound()[:, :0].copy, {}, "every value is zero"),
    "no matrix": (lambda: ad.AnnData(obs=sound().obs, var=sound().var), {}, "no matrix"),
    "index beyond the matrix": (lambda: damaged(indices=[10_000]), {}, "damaged"),
    "negative index": (lambda: damaged(indices=[-7]), {}, "damaged"),
    "rows that end before they begin": (lambda: damaged(indptr=[0, 9, 2]), {}, "damaged"),
    "one batch": (sound()[:20].copy, {}, "one batch"),
    "small batch": (sound()[:25].copy, {}, "fewer than 10 cells in batch 'b' (5)"),
    "no such batch column": (sound, {"batch": "doner"}, "did you mean 'donor'?"),
    "no such label column": (sound, {"label": "tipe"}, "did you mean 'type'?"),
    "a command as column": (sound, {"batch": SHELL}, SHELL),
    "a very long column": (sound, {"batch": "x" * 5000}, "obs has no column"),
    "no such layer": (sound, {"counts": "layers/x"}, "layers/x"),
    "no raw": (sound, {"counts": "raw"}, "raw"),
    "no such batch": (sound, {"batches": ["a", "c"]}, "'c'"),
    "no feature types": (sound, {"feature_types": ["GEX"]}, "feature_types"),
    "cells without batch": (lambda: with_column("donor", ["a", None] * 20), {}, "20 cells have no batch"),
    "blank batches": (lambda: with_column("donor", ["a", " "] * 20), {}, "20 cells have no batch"),
    "no labels": (lambda: with_column("type", [np.nan] * N_CELLS), {"label": "type"}, "no cell has a label"),
    "a batch a cell": (lambda: with_column("donor", [str(i) for i in range(N_CELLS)]), {}, "fewer than 10 cells"),
    "very long batches": (lambda: with_column("donor", ["x" * 5000, *["b"] * 39]), {}, "fewer than 10 cells"),
    "batches with control characters": (
        lambda: with_column("donor", ["\x1b[2J\n\n\n\n", *["b"] * 39]),
        {},
        "fewer than 10",
    ),
    "doubled cells": (
        lambda: with_names("obs", {1: "cell0"}),
        {},
        "1 cell names stand more than once, such as 'cell0'",
    ),
    "doubled genes": (
        lambda: with_names("var", {1: "gene0"}),
        {},
        "1 gene names stand more than once, such as 'gene0'",
    ),
    "doubled long names": (lambda: with_names("var", {0: "é" * 5000, 1: "é" * 5000}), {}, "stand more than once"),
    "doubled names with line breaks": (lambda: with_names("obs", {0: "\n" * 9, 1: "\n" * 9}), {}, "cell names"),
    "empty gene name": (lambda: with_names("var", {3: " "}), {}, "1 gene names are empty"),
    "empty cell name": (lambda: with_names("obs", {3: ""}), {}, "1 cell names are empty"),
    "joined batches that read the same": (
        lambda: with_column("plate", ["1+2"] * 10 + ["1"] * 30),
        {"batch": ["donor", "plate", "type"]},
        "x.h5ad",
    ),
}


@pytest.mark.parametrize("name", DATA)
@pytest.mark.filterwarnings("ignore")
def test_data_of_no_use(name: str, tmp_path: Path) -> None:
    made, options, culprit = DATA[name]
    made().write_h5ad(tmp_path / "x.h5ad")
    with pytest.raises(UserError) as caught:
        standardize(open_h5ad(tmp_path / "x.h5ad"), source="x.h5ad", **{"batch": "donor"} | options)
    lines = str(caught.value).splitlines()
    check_complaint(lines, culprit)
    assert lines[0].startswith("x.h5ad: ")


def hdf5(path: Path, content: dict[str, Any], **attributes: str) -> None:
    with h5py.File(path, "w") as file:
        for name, value in content.items():
            file[name] = value
        file.attrs.update(attributes)


FILES: dict[str, Callable[[Path], Any]] = {
    "nothing": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("gene\tcell\n"),
    "page": lambda path: path.write_text("<!doctype html>"),
    "pickle": lambda path: path.write_bytes(pickle.dumps(Code(path.with_name("canary")))),
    "pickled array": lambda path: np.save(
        path.open("wb"), np.array([Code(path.with_name("canary"))]), allow_pickle=True
    ),
    "zip": lambda path: np.savez(path.open("wb"), X=np.ones(3)),
    "zeros": lambda path: path.write_bytes(bytes(10_000)),
    "signature alone": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"),
    "signature and noise": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + np.random.default_rng(0).bytes(10_000)),
    "folder": lambda path: path.mkdir(),
    "link to nowhere": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
    "empty HDF5": lambda path: hdf5(path, {}),
    "10x HDF5": lambda path: hdf5(path, {"matrix/barcodes": [1], "matrix/data": [1]}),
    "h5ad of another kind": lambda path: hdf5(path, {}, **{"encoding-type": "anndata", "encoding-version": "9.9"}),
    "h5ad of no content": lambda path: hdf5(path, {"obs": 1, "var": 1, "X": 1}),
    "h5mu": lambda path: hdf5(path, {"mod/rna/X": [1]}, **{"encoding-type": "MuData"}),
}


def read(path: Path, folder: Path) -> ad.AnnData:
    fetched = fetch(str(path), sha256=None, folder=folder / "downloads", record=folder / "record.json")
    return standardize(open_h5ad(fetched["path"]), source=str(path), batch="donor")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_file_of_another_format(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.h5ad"
    FILES[name](path)
    with pytest.raises(UserError) as caught:
        read(path, tmp_path)
    check_complaint(str(caught.value).splitlines(), str(path))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("seed", range(20))
def test_truncated_file(seed: int, tmp_path: Path) -> None:
    content = DEMO.read_bytes()
    path = tmp_path / "x.h5ad"
    path.write_bytes(content[: np.random.default_rng(seed).integers(1, len(content))])
    with pytest.raises(UserError) as caught:
        read(path, tmp_path)
    check_complaint(str(caught.value).splitlines(), str(path))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    from scbraid.cvae import CVAE

    adata = sound()
    adata.layers["counts"] = adata.X
    trained = CVAE(adata, batch_key="donor", max_epochs=1, n_hidden=4, n_latent=2, accelerator="cpu")
    trained.fit()
    trained.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("form", ["torch", "pickle", "text", "nothing", "half"])
def test_weights_are_nothing_but_weights(form: str, model: Path) -> None:
    import torch

    from scbraid.cvae.saving import read_model

    weights, canary = model / "weights.pt", model / "canary"
    if form == "torch":
        torch.save(torch.load(weights) | {"more": Code(canary)}, weights)
    else:
        half = weights.read_bytes()[: weights.stat().st_size // 2]
        weights.write_bytes({"pickle": pickle.dumps(Code(canary)), "text": b"text", "nothing": b"", "half": half}[form])
    with pytest.raises(UserError) as caught:
        read_model(model)
    check_complaint(str(caught.value).splitlines(), str(weights))
    assert not canary.exists()


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"format": 1}', '{"format": 99}', '{"format": 1, "vocabulary": {}}']
)
def test_description_of_no_model(content: str, model: Path) -> None:
    from scbraid.cvae.saving import read_model

    (model / "model.json").write_text(content)
    with pytest.raises(UserError) as caught:
        read_model(model)
    check_complaint(str(caught.value).splitlines(), str(model))


def test_neighbours_that_hold_code_are_not_run(tmp_path: Path) -> None:
    code = np.array([Code(tmp_path / "canary")])
    np.savez(tmp_path / "neighbors.npz", indices=code, distances=code, allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Neighbors.load(tmp_path / "neighbors.npz")
    assert not (tmp_path / "canary").exists()


def standard(checkout: Path, path: Path, tmp_path: Path, **dataset: Any) -> Any:
    wanted = write_config(config(path, **dataset), tmp_path / "c.yaml")
    return snakemake(checkout, "--cores", "1", "results/d/standard.h5ad", "--configfile", str(wanted))


@pytest.mark.parametrize("name", ["nothing", "pickle", "10x HDF5"])
def test_run_on_a_file_of_another_format(name: str, checkout: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.h5ad"
    FILES[name](path)
    check_refused(standard(checkout, path, tmp_path), str(path))
    assert not list(tmp_path.parent.rglob("canary"))
    assert not (checkout / "results" / "d" / "standard.h5ad").exists()


@pytest.mark.parametrize("name", ["fractional", "index beyond the matrix", "a command as column"])
def test_run_on_data_of_no_use(name: str, checkout: Path, tmp_path: Path) -> None:
    made, options, culprit = DATA[name]
    made().write_h5ad(tmp_path / "x.h5ad")
    check_refused(standard(checkout, tmp_path / "x.h5ad", tmp_path, **options), culprit)
    assert not (checkout / "results" / "d" / "standard.h5ad").exists()


def test_run_on_names_that_are_commands(checkout: Path, tmp_path: Path) -> None:
    path = tmp_path / f"é {SHELL} # & | > y.h5ad"
    batches = pd.Categorical(np.where(np.arange(N_CELLS) < 20, SHELL, "细胞 <script>\\{wildcards.d}"))
    adata = with_column(SHELL, batches)
    adata.obs_names = [f"{SHELL} {i}" for i in range(N_CELLS)]
    adata.var_names = [f"{SHELL} é {'x' * 300} {i}" for i in range(adata.n_vars)]
    adata.write_h5ad(path)
    finished = standard(checkout, path, tmp_path, batch=SHELL)
    assert finished.returncode == 0, finished.stdout
    assert json.loads((checkout / "results" / "d" / "source.json").read_text())["path"] == str(path)
    written = read_h5ad(checkout / "results" / "d" / "standard.h5ad")
    assert list(written.obs["batch"]) == list(batches)
    assert list(written.obs_names) == list(adata.obs_names)
    assert list(written.var_names) == list(adata.var_names)
