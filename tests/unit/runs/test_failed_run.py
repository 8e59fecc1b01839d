"""A run that fails leaves its reason, and nothing that a later step could mistake for a result."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from scbraid.errors import UserError
from scbraid.files import read_embedding, read_json, read_table
from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.graphs.umap import umap_layout
from scbraid.methods.spec import Result
from scbraid.metrics.engine import score
from scbraid.transfer.predict import predict
from scbraid.transfer.scores import score_predictions
from scbraid.transfer.tasks import assign_roles
from unit.runs.small import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

    from scbraid.methods.spec import Context


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


def test_every_step_after_a_failed_run_finds_nothing(demo_hvg: AnnData) -> None:
    empty = pd.DataFrame(index=pd.Index(demo_hvg.obs_names, name="cell"))
    neighbors = nearest_neighbors(empty.to_numpy())
    assert neighbors.indices.shape == (demo_hvg.n_obs, 0)
    obs = demo_hvg.obs
    scores = score(empty.to_numpy(), batch=obs["batch"], labels=obs["label"], neighbors=neighbors, pca=None)
    assert scores.empty
    layout = umap_layout(empty, neighbors)
    assert list(layout.index) == list(demo_hvg.obs_names)
    assert layout.shape[1] == 0
    cells = assign_roles(obs, query="each_batch", reference=None, name="d")
    for classifier in ("knn", "logistic", "head", "mapping"):
        predictions = predict(cells, classifier=classifier, embedding=empty, probabilities=empty, neighbors=neighbors)
        assert predictions.empty
        assert score_predictions(predictions).empty
