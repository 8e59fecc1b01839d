"""An interrupted training goes on from its checkpoint, unless that is of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scbraid.cvae import CVAE
from scbraid.files import read_json, read_table
from unit.runs.small import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData


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
