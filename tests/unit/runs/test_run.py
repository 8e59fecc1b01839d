"""One run from data to files, for every method of the registry."""

from __future__ import annotations

import errno
import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import scbraid
from scbraid.cvae import CVAE
from scbraid.data.h5ad import read_h5ad
from scbraid.errors import UserError
from scbraid.files import read_embedding, read_json, read_table
from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.graphs.umap import umap_layout
from scbraid.methods.registry import METHODS, parameter_schema
from scbraid.methods.spec import Context, Result, Run
from scbraid.metrics.cells import Cells
from scbraid.metrics.engine import score
from scbraid.preprocess.pca import unintegrated_pca
from scbraid.runs.run import run_method
from scbraid.transfer.predict import predict
from scbraid.transfer.scores import score_predictions
from scbraid.transfer.tasks import assign_roles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

SMALL_MODEL = {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 2}
TINY: dict[str, dict[str, Any]] = {
    "scanorama": {"dimred": 20},
    "combat": {"n_comps": 20},
    **{name: SMALL_MODEL for name, method in METHODS.items() if method.trains},
    "scanvi": SMALL_MODEL | {"max_epochs": 1, "max_epochs_scanvi": 1},
    "mrvi": {"encoder_n_hidden": 16, "encoder_n_layers": 1, "n_latent": 8, "n_latent_u": 5, "max_epochs": 2},
}


def run(name: str, adata: AnnData, folder: Path, *, seed: int = 0, accelerator: str = "cpu") -> Path:
    defaults = {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}
    folder.mkdir(exist_ok=True)
    run_method(
        adata,
        folder,
        Run(name=f"my_{name}", method=name, parameters=defaults | TINY.get(name, {}), seed=seed),
        accelerator=accelerator,
        threads=1,
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


def nothing(adata: AnnData) -> Result:
    return Result()


def crash(adata: AnnData) -> Result:
    raise RuntimeError(f"loss of {adata.n_obs} cells is not finite\nsecond line")


def refusal(adata: AnnData) -> Result:
    raise UserError(f"needs more than {adata.n_obs} cells")


def not_writable(adata: AnnData) -> Result:
    return Result(embedding=adata.obsm["X_pca"], facts={"loss": np.float32(1)})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (transposed, "ContractError: my_pca: .*it looks transposed"),
        (permuted, "ContractError: my_pca: the rows look permuted"),
        (not_a_number, "ContractError: my_pca: 1080 of 1080 cells have NaN"),
        (constant, "ContractError: my_pca: .* is constant"),
        (reordered_table, "ContractError: my_pca: .* in another order"),
        (elsewhere, "ContractError: my_pca: the cpu was asked for but the method ran on cuda:0"),
        (nothing, "ContractError: my_pca: the method returned no embedding"),
        (not_writable, "TypeError: Object of type float32 is not JSON serializable$"),
        (crash, "RuntimeError: loss of 1080 cells is not finite$"),
        (refusal, "needs more than 1080 cells$"),
    ],
)
def test_failed_run_leaves_its_reason_and_nothing_to_mistake_for_a_result(
    answer: Callable[[AnnData], Result], reason: str, demo_hvg: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scbraid.runs.run.load", lambda name: (lambda adata, context: answer(adata), {}))
    folder = run("pca", demo_hvg, tmp_path / "bad")
    facts = read_json(folder / "run.json")
    assert re.match(reason, facts["failed"])
    assert facts["epochs"] is None
    embedding = read_embedding(folder / "embedding.parquet")
    assert list(embedding.index) == list(demo_hvg.obs_names)
    assert embedding.shape[1] == 0


def half_written(adata: AnnData, context: Context) -> Result:
    (context.model_dir / "weights.pt").write_bytes(b"half")
    (context.checkpoint_dir / "epoch.pt").write_bytes(b"half")
    raise ValueError("stopped")


def test_failed_training_leaves_no_half_written_model(
    demo_hvg: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scbraid.runs.run.load", lambda name: (lambda *given, **_: half_written(*given), {}))
    folder = run("cvae_labels", demo_hvg, tmp_path / "bad")
    assert {path.name for path in folder.iterdir()} == {
        "embedding.parquet",
        "history.tsv",
        "model",
        "probabilities.parquet",
        "run.json",
    }
    assert not any((folder / "model").iterdir())
    assert read_table(folder / "history.tsv").empty
    assert read_embedding(folder / "probabilities.parquet").shape == (demo_hvg.n_obs, 0)


@pytest.mark.parametrize(("error", "reason"), [(MemoryError(), "MemoryError"), (SystemExit("bye"), "SystemExit: bye")])
def test_nothing_that_a_method_does_stops_the_others(
    error: BaseException, reason: str, demo_hvg: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(adata: AnnData, context: Context) -> Result:
        raise error

    monkeypatch.setattr("scbraid.runs.run.load", lambda name: (stop, {}))
    assert read_json(run("pca", demo_hvg, tmp_path / "bad") / "run.json")["failed"] == reason


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_no_failure_of_the_method(
    number: int, demo_hvg: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(adata: AnnData, context: Context) -> Result:
        (context.checkpoint_dir / "epoch.pt").touch()
        try:
            raise OSError(number, os.strerror(number))
        except OSError:
            raise RuntimeError("unexpected pos 704 vs 598")  # noqa: B904 - as torch does

    monkeypatch.setattr("scbraid.runs.run.load", lambda name: (lambda *given, **_: stop(*given), {}))
    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        run("cvae", demo_hvg, tmp_path / "bad")
    assert not (tmp_path / "bad" / "run.json").exists()
    assert (tmp_path / "bad" / "checkpoint" / "epoch.pt").exists()


class InterruptionError(BaseException):
    """As what a process is ended by from outside, no method's own."""


@pytest.fixture
def interrupted(demo_hvg: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a run of the CVAE that was interrupted when its training was done."""

    def interrupt(model: CVAE, folder: Path) -> None:
        raise InterruptionError

    with monkeypatch.context() as patch:
        patch.setattr(CVAE, "save", interrupt)
        with pytest.raises(InterruptionError):
            run("cvae", demo_hvg, tmp_path / "x")
    return tmp_path / "x"


def test_interrupted_training_goes_on_from_its_checkpoint(
    finished: Callable[[str], Path], demo_hvg: AnnData, interrupted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, whole = interrupted, finished("cvae")
    assert {path.name for path in folder.iterdir()} == {"model", "checkpoint"}
    with caplog.at_level("INFO"):
        run("cvae", demo_hvg, folder)
    checkpoint = folder / "checkpoint" / "checkpoint.pt"
    assert f"going on after epoch 2 of {checkpoint}" in caplog.messages
    assert not checkpoint.parent.exists()
    for name in ("embedding.parquet", "model/weights.pt"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    measured = ["seconds", "cells_per_second"]
    histories = [read_table(path / "history.tsv") for path in (folder, whole)]
    assert histories[0].drop(columns=measured).equals(histories[1].drop(columns=measured))
    assert read_json(folder / "run.json")["seconds"] >= round(histories[0]["seconds"].sum(), 3)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [("seed", "belongs to a training with other seed: starting afresh"), ("bytes", "is damaged: starting afresh")],
)
def test_checkpoint_of_no_use_is_discarded(
    spoil: str,
    told: str,
    finished: Callable[[str], Path],
    demo_hvg: AnnData,
    interrupted: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder, checkpoint = interrupted, interrupted / "checkpoint" / "checkpoint.pt"
    if spoil == "bytes":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    run("cvae", demo_hvg, folder, seed=1 if spoil == "seed" else 0)
    assert f"{checkpoint} {told}" in caplog.messages
    assert not checkpoint.parent.exists()
    facts = read_json(folder / "run.json")
    assert (facts["failed"], facts["epochs"]) == (None, 2)
    same = (folder / "embedding.parquet").read_bytes() == (finished("cvae") / "embedding.parquet").read_bytes()
    assert same == (spoil == "bytes")


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


def test_leftovers_of_another_method_go(demo_hvg: AnnData, tmp_path: Path) -> None:
    run("cvae_labels", demo_hvg, tmp_path / "x")
    (tmp_path / "x" / "checkpoint").mkdir()
    assert {path.name for path in run("pca", demo_hvg, tmp_path / "x").iterdir()} == {"embedding.parquet", "run.json"}


def test_every_step_after_a_failed_run_finds_nothing(demo_hvg: AnnData) -> None:
    empty = pd.DataFrame(index=pd.Index(demo_hvg.obs_names, name="cell"))
    neighbors = nearest_neighbors(empty.to_numpy())
    assert neighbors.indices.shape == (demo_hvg.n_obs, 0)
    obs = demo_hvg.obs
    scored = Cells.of(empty.to_numpy(), batch=obs["batch"], labels=obs["label"], neighbors=neighbors, pca=None)
    assert score(scored).empty
    layout = umap_layout(empty, neighbors)
    assert list(layout.index) == list(demo_hvg.obs_names)
    assert layout.shape[1] == 0
    cells = assign_roles(obs, query="each_batch", reference=None, name="d")
    for classifier in ("knn", "logistic", "head", "mapping"):
        predictions = predict(cells, classifier=classifier, embedding=empty, probabilities=empty, neighbors=neighbors)
        assert predictions.empty
        assert score_predictions(predictions).empty
