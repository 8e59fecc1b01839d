"""One run from data to files, for every method of the registry."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import scbraid
from scbraid.contract import ContractError
from scbraid.files import read_embedding, read_json, read_table
from scbraid.methods import METHODS, Result, parameter_schema
from scbraid.runs import run_method

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

TINY: dict[str, dict[str, Any]] = {
    "combat": {"n_comps": 20},
    "scvi": {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 2},
    "cvae": {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 2},
}


def run(name: str, adata: AnnData, folder: Path, *, seed: int = 0, accelerator: str = "cpu") -> Path:
    defaults = {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}
    folder.mkdir(exist_ok=True)
    run_method(
        adata,
        folder,
        run=f"my_{name}",
        method=name,
        parameters=defaults | TINY.get(name, {}),
        seed=seed,
        accelerator=accelerator,
        threads=1,
        trains=METHODS[name].trains,
    )
    return folder


@pytest.fixture(scope="module")
def finished(demo_hvg: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a method's run, which is made at the first call."""
    base = tmp_path_factory.mktemp("runs")
    return cache(lambda name: run(name, demo_hvg, base / name))


@pytest.mark.parametrize("name", METHODS)
def test_embedding(name: str, finished: Callable[[str], Path], demo_hvg: AnnData) -> None:
    embedding = read_embedding(finished(name) / "embedding.parquet")
    assert list(embedding.index) == list(demo_hvg.obs_names)
    assert embedding.index.name == "cell"
    assert (embedding.dtypes == np.float32).all()
    assert embedding.shape[1] == (5 if METHODS[name].trains else 20)
    assert np.isfinite(embedding).all(axis=None)


@pytest.mark.parametrize("name", METHODS)
def test_run_json(name: str, finished: Callable[[str], Path], demo_hvg: AnnData) -> None:
    facts = read_json(finished(name) / "run.json")
    assert facts["run"] == f"my_{name}"
    assert facts["method"] == name
    assert set(facts["parameters"]) == set(parameter_schema(name)["properties"])
    assert facts["parameters"].items() >= TINY.get(name, {}).items()
    assert facts["seed"] == 0
    assert facts["device_asked"] == facts["device"] == "cpu"
    assert facts["seconds"] > 0
    assert 50 < facts["peak_ram_mb"] < 20_000
    assert not facts["peak_gpu_mb"]
    assert facts["versions"]["scbraid"] == scbraid.__version__
    assert facts["versions"]["numpy"] == np.__version__
    assert {"python", "anndata", "scanpy", "torch", "scvi-tools", "harmonypy"} <= set(facts["versions"])
    if METHODS[name].trains:
        assert facts["epochs"] == 2
        assert facts["cells_per_second"] > 0
    else:
        assert facts["epochs"] is None
        assert facts["cells_per_second"] is None


@pytest.mark.parametrize("name", METHODS)
def test_files_of_a_run(name: str, finished: Callable[[str], Path]) -> None:
    trained = {"history.tsv", "model"} if METHODS[name].trains else set()
    assert {path.name for path in finished(name).iterdir()} == {"embedding.parquet", "run.json"} | trained


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].trains])
def test_history_and_model(name: str, finished: Callable[[str], Path]) -> None:
    history = read_table(finished(name) / "history.tsv")
    assert list(history["epoch"]) == [1, 2]
    assert {"loss", "reconstruction", "kl"} <= set(history)
    assert history["loss"].iloc[1] < history["loss"].iloc[0]
    assert any((finished(name) / "model").iterdir())


@pytest.mark.parametrize("name", METHODS)
def test_same_seed_gives_the_same_bytes(
    name: str, finished: Callable[[str], Path], demo_hvg: AnnData, tmp_path: Path
) -> None:
    again = run(name, demo_hvg, tmp_path / "again")
    assert (again / "embedding.parquet").read_bytes() == (finished(name) / "embedding.parquet").read_bytes()


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].stochastic])
def test_another_seed_gives_another_embedding(
    name: str, finished: Callable[[str], Path], demo_hvg: AnnData, tmp_path: Path
) -> None:
    other = read_embedding(run(name, demo_hvg, tmp_path / "other", seed=1) / "embedding.parquet")
    assert not np.allclose(other, read_embedding(finished(name) / "embedding.parquet"))


@pytest.mark.parametrize("name", METHODS)
def test_data_are_not_changed(name: str, finished: Callable[[str], Path], demo_hvg: AnnData) -> None:
    finished(name)
    assert list(demo_hvg.obs) == ["batch", "label"]
    assert set(demo_hvg.obsm) == {"X_pca"}
    assert not demo_hvg.uns


def test_auto_takes_what_there_is(demo_hvg: AnnData, tmp_path: Path) -> None:
    facts = read_json(run("cvae", demo_hvg, tmp_path / "auto", accelerator="auto") / "run.json")
    assert facts["device_asked"] == "auto"
    assert facts["device"] == "cpu" or facts["device"].startswith("cuda")


def transposed(adata: AnnData) -> Result:
    return Result(embedding=adata.obsm["X_pca"].T)


def permuted(adata: AnnData) -> Result:
    return Result(embedding=adata.obsm["X_pca"][::-1])


def not_a_number(adata: AnnData) -> Result:
    return Result(embedding=adata.obsm["X_pca"] * np.nan)


def constant(adata: AnnData) -> Result:
    return Result(embedding=np.ones((adata.n_obs, 2)))


def reordered_table(adata: AnnData) -> Result:
    return Result(embedding=pd.DataFrame(adata.obsm["X_pca"], index=adata.obs_names).sort_index())


def elsewhere(adata: AnnData) -> Result:
    return Result(embedding=adata.obsm["X_pca"], device="cuda:0")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (transposed, "it looks transposed"),
        (permuted, "the rows look permuted"),
        (not_a_number, "1080 of 1080 cells have NaN"),
        (constant, "is constant"),
        (reordered_table, "in another order"),
        (elsewhere, "the cpu was asked for but the method ran on cuda:0"),
    ],
)
def test_result_that_breaks_the_contract_is_not_written(
    answer: Callable[[AnnData], Result],
    message: str,
    demo_hvg: AnnData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scbraid.runs.load", lambda name: (lambda adata, context: answer(adata), {}))
    with pytest.raises(ContractError, match=f"^my_pca: .*{message}"):
        run("pca", demo_hvg, tmp_path / "bad")
    assert not any((tmp_path / "bad").iterdir())
