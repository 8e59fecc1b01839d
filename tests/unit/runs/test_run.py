"""One run from data to files, for every method of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import scbraid
from scbraid.data.h5ad import read_h5ad
from scbraid.files import read_embedding, read_json, read_table
from scbraid.methods.registry import METHODS, parameter_schema
from scbraid.methods.spec import Result
from scbraid.preprocess.pca import unintegrated_pca
from unit.runs.small import TINY, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Context


@pytest.mark.parametrize("name", METHODS)
def test_embedding(name: str, finished: Callable[[str], Path], demo_hvg: AnnData) -> None:
    embedding = read_embedding(finished(name) / "embedding.parquet")
    assert list(embedding.index) == list(demo_hvg.obs_names)
    assert embedding.index.name == "cell"
    assert (embedding.dtypes == np.float32).all()
    n_labels = demo_hvg.obs["label"].nunique()
    expected = 5 if METHODS[name].trains else 0 if "neighbors" in METHODS[name].gives else 20
    assert embedding.shape[1] == (n_labels if name == "control_labels" else expected)
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
    method = METHODS[name]
    further = {"history.tsv", "model"} if method.trains else set()
    further |= {"neighbors.npz"} if name == "bbknn" else set()
    further |= {"corrected.h5ad"} if name == "combat" else set()
    further |= {"probabilities.parquet"} if name in ("scanvi", "cvae_labels") else set()
    assert {path.name for path in finished(name).iterdir()} == {"embedding.parquet", "run.json"} | further


@pytest.mark.parametrize("name", [name for name in METHODS if "corrected" in METHODS[name].gives])
def test_corrected_expression_is_what_the_embedding_rests_on(
    name: str, finished: Callable[[str], Path], demo_hvg: AnnData
) -> None:
    corrected = read_h5ad(finished(name) / "corrected.h5ad")
    assert list(corrected.obs_names) == list(demo_hvg.obs_names)
    assert list(corrected.var_names) == list(demo_hvg.var_names)
    assert corrected.X.dtype == np.float32
    components = unintegrated_pca(corrected, n_comps=20)[0]
    embedding = read_embedding(finished(name) / "embedding.parquet")
    np.testing.assert_allclose(components.abs(), embedding.abs(), atol=0.02)


@pytest.mark.parametrize("name", [name for name in METHODS if "probabilities" in METHODS[name].gives])
def test_probabilities(name: str, finished: Callable[[str], Path], demo_hvg: AnnData) -> None:
    probabilities = read_embedding(finished(name) / "probabilities.parquet")
    assert list(probabilities.index) == list(demo_hvg.obs_names)
    assert sorted(probabilities) == sorted(demo_hvg.obs["label"].cat.categories)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].trains])
def test_history_and_model(name: str, finished: Callable[[str], Path]) -> None:
    history = read_table(finished(name) / "history.tsv")
    assert list(history["epoch"]) == [1, 2]
    assert {"loss", "reconstruction", "kl"} <= set(history)
    if "stage" not in history:
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


def test_labels_are_shown_to_those_alone_that_need_them(
    demo_hvg: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(adata: AnnData, context: Context) -> Result:
        seen.append("label" in adata.obs)
        return Result(embedding=adata.obsm["X_pca"])

    monkeypatch.setattr("scbraid.runs.run.load", lambda name: (look, {}))
    for name in ("pca", "control_mixed"):
        assert read_json(run(name, demo_hvg, tmp_path / name) / "run.json")["failed"] is None
    assert seen == [False, True]


def test_neighbours_of_a_later_rule_stay(demo_hvg: AnnData, tmp_path: Path) -> None:
    (tmp_path / "neighbors.npz").write_bytes(b"of the rule neighbors")
    run("pca", demo_hvg, tmp_path)
    assert (tmp_path / "neighbors.npz").read_bytes() == b"of the rule neighbors"


def test_leftovers_of_another_method_go(demo_hvg: AnnData, tmp_path: Path) -> None:
    run("cvae_labels", demo_hvg, tmp_path / "x")
    (tmp_path / "x" / "checkpoint").mkdir()
    assert {path.name for path in run("pca", demo_hvg, tmp_path / "x").iterdir()} == {"embedding.parquet", "run.json"}
