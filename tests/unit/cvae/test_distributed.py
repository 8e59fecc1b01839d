"""Two processes that train one model, as torchrun starts them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from scbraid.cvae.checkpoint import Checkpoint
from scbraid.cvae.distributed import Group
from support import ROOT
from unit.cvae.simulated import simulate

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow


def test_shares_have_one_size_and_leave_no_cell_out() -> None:
    shares = [Group(rank, 3).share(np.arange(10, 20)) for rank in range(3)]
    assert {len(share) for share in shares} == {4}
    assert set(np.concatenate(shares)) == set(range(10, 20))
    np.testing.assert_array_equal(Group().share(np.arange(5)), np.arange(5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distributed")
    simulate(151, 40).write_h5ad(folder / "cells.h5ad")
    return folder


def start(folder: Path, output: str, *arguments: str, n_processes: int) -> list[subprocess.Popen]:
    settings = ["--n-latent", "4", "--n-hidden", "16", "--accelerator", "cpu", "--threads", "1"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        subprocess.Popen(
            [sys.executable, "-m", "scbraid.cvae", "fit", "cells.h5ad", "-o", output, *settings, *arguments],
            cwd=folder,
            env={
                "PYTHONPATH": str(ROOT / "workflow"),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                "WORLD_SIZE": str(n_processes),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
            },
        )
        for rank in range(n_processes)
    ]


def fit(folder: Path, output: str, *arguments: str, n_processes: int) -> pd.DataFrame:
    processes = start(folder, output, "--max-epochs", "3", *arguments, n_processes=n_processes)
    assert [process.wait(timeout=120) for process in processes] == [0] * n_processes
    return pd.read_csv(folder / output / "history.tsv", sep="\t")


def test_processes_asked_to_end_one_after_the_other_leave_one_checkpoint(folder: Path) -> None:
    endless = ["--max-epochs", "1000000", "--checkpoint-dir", "checkpoints", "--checkpoint-every", "0"]
    processes = start(folder, "ended", *endless, n_processes=2)
    checkpoint = folder / "checkpoints" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    processes[1].terminate()
    time.sleep(0.05)
    processes[0].terminate()
    assert [process.wait(timeout=60) for process in processes] == [-signal.SIGTERM] * 2
    left = Checkpoint(checkpoint.parent, {}, every=0, resume=True, keep=False, writes=False)
    assert left.load()["epoch"] >= 200
    assert not (folder / "ended").exists()


def test_two_processes_repeat_their_result_and_train_as_one_with_twice_the_minibatch(folder: Path) -> None:
    exact = ["--batch-key", "batch", "--use-batch-norm", "none", "--dropout-rate", "0", "--lr-schedule", "constant"]
    two = fit(folder, "two", "--batch-size", "26", *exact, n_processes=2)
    fit(folder, "again", "--batch-size", "26", *exact, n_processes=2)
    one = fit(folder, "one", "--batch-size", "52", *exact, n_processes=1)
    embeddings = [(folder / output / "embedding.parquet").read_bytes() for output in ("two", "again")]
    assert embeddings[0] == embeddings[1]
    assert two["epoch"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=0.02)
