from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch

from scbraid.cvae.checkpoint import FILE_NAME, Checkpoint, CheckpointError
from scbraid.errors import UserError
from support import ROOT
from unit.cvae import small_models
from unit.cvae.simulated import simulate

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad

    from scbraid.cvae import CVAE

#: many steps an epoch, so that every third epoch leaves a checkpoint
CHECKPOINTS = {"batch_size": 2, "checkpoint_every": 0}


def make(cells: ad.AnnData, **changes: object) -> CVAE:
    return small_models.make(cells, **{"max_epochs": 6, **changes})


class InterruptionError(Exception):
    pass


def interrupt_after(model: CVAE, n_epochs: int) -> None:
    """Make the training stop with an error at the start of a later epoch, as a machine does that goes down."""

    def count(module: torch.nn.Module, _: object) -> None:
        if len(model.history) == n_epochs:
            raise InterruptionError

    model.module.encoder[0].register_forward_pre_hook(count)


@pytest.mark.parametrize("changes", [{}, {"early_stopping": True, "prior": "vamp"}])
def test_a_resumed_training_gives_the_bytes_of_an_uninterrupted_one(
    cells: ad.AnnData, tmp_path: Path, changes: dict
) -> None:
    changes = {**CHECKPOINTS, "max_epochs": 7, **changes}
    whole = make(cells, **changes).fit()
    interrupted = make(cells, **changes)
    interrupt_after(interrupted, 5)
    with pytest.raises(InterruptionError):
        interrupted.fit(checkpoint_dir=tmp_path)
    assert (tmp_path / FILE_NAME).exists()
    resumed = make(cells, **changes).fit(checkpoint_dir=tmp_path)
    assert resumed.embedding().tobytes() == whole.embedding().tobytes()
    for name, weights in whole.module.state_dict().items():
        assert torch.equal(weights, resumed.module.state_dict()[name]), name
    same = ["epoch", "loss", "kl", "gradient_norm", "learning_rate"]
    assert resumed.history[same].equals(whole.history[same])
    assert list(tmp_path.iterdir()) == []


def leave_checkpoint(model: CVAE, folder: Path) -> None:
    interrupt_after(model, 4)
    with pytest.raises(InterruptionError):
        model.fit(checkpoint_dir=folder)


def test_training_can_start_afresh_despite_a_checkpoint(cells: ad.AnnData, tmp_path: Path) -> None:
    leave_checkpoint(make(cells, **CHECKPOINTS), tmp_path)
    fresh = make(cells, max_epochs=2).fit(checkpoint_dir=tmp_path, resume=False)
    assert len(fresh.history) == 2


def test_a_checkpoint_of_another_training_is_refused(cells: ad.AnnData, tmp_path: Path) -> None:
    leave_checkpoint(make(cells, **CHECKPOINTS), tmp_path)
    with pytest.raises(UserError, match="belongs to a training with other seed, parameters;"):
        make(cells, seed=1, n_latent=3).fit(checkpoint_dir=tmp_path)
    other = cells.copy()
    other.X.data[:2] = other.X.data[:2][::-1] + 1
    with pytest.raises(UserError, match="belongs to a training with other data;"):
        make(other, **CHECKPOINTS).fit(checkpoint_dir=tmp_path)


@pytest.mark.parametrize("damage", ["a flipped bit", "an early end", "nothing"])
def test_a_damaged_checkpoint_is_refused(cells: ad.AnnData, tmp_path: Path, damage: str) -> None:
    leave_checkpoint(make(cells, **CHECKPOINTS), tmp_path)
    file = tmp_path / FILE_NAME
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes({"a flipped bit": content, "an early end": content[:-1000], "nothing": b""}[damage])
    with pytest.raises(CheckpointError, match="is damaged; give another checkpoint folder, or delete the file"):
        make(cells, **CHECKPOINTS).fit(checkpoint_dir=tmp_path)


def test_a_finished_training_can_leave_its_checkpoint(cells: ad.AnnData, tmp_path: Path) -> None:
    changes = {"max_epochs": 40, "early_stopping": True, "early_stopping_patience": 2, "lr": 0.05}
    whole = make(cells, **changes).fit(checkpoint_dir=tmp_path, keep_checkpoint=True)
    again = make(cells, **changes)
    interrupt_after(again, 0)
    again.fit(checkpoint_dir=tmp_path, keep_checkpoint=True)
    assert len(whole.history) < 40
    assert again.embedding().tobytes() == whole.embedding().tobytes()
    assert again.history.equals(whole.history)


def test_training_goes_on_where_a_checkpoint_cannot_be_written(
    cells: ad.AnnData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).mkdir()
    model = make(cells, **CHECKPOINTS).fit(checkpoint_dir=tmp_path, resume=False, keep_checkpoint=True)
    assert model.embedding().tobytes() == make(cells, **CHECKPOINTS).fit().embedding().tobytes()
    assert f"{tmp_path / FILE_NAME} cannot be written (Is a directory)" in caplog.messages
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_sigterm_leaves_a_checkpoint_to_resume_from(tmp_path: Path) -> None:
    simulate(150, 40).write_h5ad(tmp_path / "cells.h5ad")
    arguments = "--n-latent 4 --n-hidden 16 --batch-size 50 --max-epochs {} --checkpoint-every 100000 --threads 1"
    command = [sys.executable, "-m", "scbraid.cvae", "fit", "cells.h5ad", "--batch-key", "batch", "-o", "out"]
    command += ["--checkpoint-dir", "checkpoints", *arguments.format(1_500).split()]
    with subprocess.Popen(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT / "workflow")}, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if "epoch 70/" in line:
                process.send_signal(signal.SIGTERM)
                break
        process.stderr.read()
    assert process.returncode == -signal.SIGTERM
    checkpoint = Checkpoint(tmp_path / "checkpoints", {}, every=0, resume=True, keep=False, writes=False)
    assert checkpoint.load()["epoch"] >= 67
    assert not (tmp_path / "out").exists()
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1


@pytest.mark.parametrize("interrupted_after", [None, 3, 5])
def test_recovery_is_the_same_with_and_without_checkpoints(
    cells: ad.AnnData, tmp_path: Path, interrupted_after: int | None
) -> None:
    def disturbed() -> CVAE:
        model = make(cells, **CHECKPOINTS, max_epochs=7)

        def spoil(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor | None:
            return output * torch.nan if len(model.history) == 4 and model._trainer.progress.rate_factor == 1 else None

        model.module.output.register_forward_hook(spoil)
        return model

    expected = disturbed().fit()
    assert expected.run_info["notes"] == ["loss not finite in epoch 5: back to epoch 3 with 0.5 of the learning rate"]
    if interrupted_after:
        first = disturbed()
        interrupt_after(first, interrupted_after)
        with pytest.raises(InterruptionError):
            first.fit(checkpoint_dir=tmp_path)
    found = disturbed().fit(checkpoint_dir=tmp_path)
    assert found.embedding().tobytes() == expected.embedding().tobytes()
    assert found.run_info["notes"] == expected.run_info["notes"]
