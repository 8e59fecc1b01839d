"""Trainings ended from outside: they go on from their checkpoint to the same bytes, and none counts as failed."""

from __future__ import annotations

import os
import re
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from faults.data import DEMO
from faults.processes import Background, end_all, jobs, wait_until
from results import content
from scbraid.files import read_json
from support import copy_checkout, snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: many steps an epoch, so that every sixth one may be gone on from
CVAE = {"max_epochs": 36, "batch_size": 32, "n_hidden": 16}
SCVI = {"max_epochs": 12, "n_hidden": 16, "n_layers": 1}
OPTIONS = ("--cores", "1", "--configfile", "small.yaml")
BATCHES = 3
FOLDERS = {
    "cvae": "results/d/runs/cvae/seed-0",
    "cvae_labels": "results/d/runs/cvae_labels/seed-0",
    "folds": "results/d/transfer/folds/cvae_labels/seed-0",
}


def config() -> dict[str, Any]:
    dataset = {"source": str(DEMO), "batch": "batch", "label": "cell_type", "qc": {"scrublet": False}}
    return {
        "datasets": {"d": dataset | {"transfer": {"query": "each_batch"}}},
        "methods": {"cvae": CVAE, "cvae_labels": CVAE, "scvi": SCVI},
        "features": {"n_top_genes": 200},
        "accelerator": "cpu",
    }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkout in which everything before the trainings is done."""
    checkout = copy_checkout(tmp_path_factory.mktemp("prepared") / "scbraid")
    write_config(config(), checkout / "small.yaml")
    finished = snakemake(checkout, "results/d/features/hvg.h5ad", "results/d/transfer/cells.parquet", *OPTIONS)
    assert finished.returncode == 0, finished.stdout
    return checkout


@pytest.fixture
def checkout(prepared: Path, tmp_path: Path) -> Iterator[Path]:
    checkout = shutil.copytree(prepared, tmp_path / "scbraid", symlinks=True)
    yield checkout
    end_all(checkout)


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkout in which nothing has ended the trainings."""
    checkout = shutil.copytree(prepared, tmp_path_factory.mktemp("undisturbed") / "scbraid", symlinks=True)
    finished = snakemake(checkout, *(f"{folder}/embedding.parquet" for folder in FOLDERS.values()), *OPTIONS)
    assert finished.returncode == 0, finished.stdout
    return checkout


def log_of(checkout: Path, rule: str, method: str) -> str:
    path = checkout / "results" / "logs" / rule / "d" / f"{method}-0.log"
    return path.read_text() if path.exists() else ""


def begin(checkout: Path, folder: str, rule: str, method: str, epoch: str, *, occurrence: int = 1) -> Background:
    """Start a training and come to the end of an epoch."""
    run = Background(checkout, f"{folder}/embedding.parquet", *OPTIONS)
    wait_until(lambda: log_of(checkout, rule, method).count(epoch) >= occurrence or run.ended)
    assert not run.ended, (checkout / ".snakemake.out").read_text()
    return run


def check_continued(log: str) -> None:
    """Assert that a training neither began afresh nor had been at its end."""
    (first,) = re.findall(r"going on after epoch (\d+) of results/", log)
    assert 0 < int(first) < CVAE["max_epochs"]
    assert re.findall(r"epoch (\d+)/", log)[0] == str(int(first) + 1)


def strike(run: Background, whom: str) -> None:
    if whom == "the training":
        (job,) = jobs(run.checkout)
        job.terminate()
    elif whom == "every process":  # as a scheduler does at the time limit of a job that has a Snakemake in it
        os.killpg(run.process.pid, signal.SIGTERM)
    elif whom == "Ctrl-C":
        os.killpg(run.process.pid, signal.SIGINT)
    else:
        run.kill()


@pytest.mark.parametrize(
    ("whom", "method"),
    [("the training", "cvae"), ("every process", "cvae_labels"), ("Ctrl-C", "cvae"), ("Snakemake, by kill -9", "cvae")],
)
def test_interrupted_training_goes_on_to_the_same_bytes(
    checkout: Path, undisturbed: Path, whom: str, method: str
) -> None:
    folder = FOLDERS[method]
    run = begin(checkout, folder, "train", method, "epoch 8/36")
    strike(run, whom)
    if whom == "the training":  # the second attempt follows of itself
        assert run.wait() == 0
    else:
        assert run.wait() != 0
        wait_until(lambda: not jobs(checkout))
        assert {path.name for path in (checkout / folder / "checkpoint").iterdir()} == {"checkpoint.pt"}
        assert not (checkout / folder / "run.json").exists()
        snakemake(checkout, "--unlock", *OPTIONS)
        again = snakemake(checkout, f"{folder}/embedding.parquet", *OPTIONS)
        assert again.returncode == 0, again.stdout
    check_continued(log_of(checkout, "train", method))
    assert content(checkout / folder) == content(undisturbed / folder)


def test_interrupted_folds_go_on_and_repeat_none(checkout: Path, undisturbed: Path) -> None:
    folder = FOLDERS["folds"]
    run = begin(checkout, folder, "folds", "cvae_labels", "epoch 8/36", occurrence=2)
    strike(run, "the training")
    assert run.wait() == 0
    first, second, *others = re.split("going on after epoch ", log_of(checkout, "folds", "cvae_labels"))[1:]
    assert others == []
    assert first.startswith("36 of ")
    assert "epoch 36/36" not in first
    assert 0 < int(second.split()[0]) < 36
    assert second.count("epoch 36/36") == BATCHES - 1
    assert content(checkout / folder) == content(undisturbed / folder)


def test_training_that_cannot_go_on_is_repeated_and_not_taken_for_failed(checkout: Path) -> None:
    folder = "results/d/runs/scvi/seed-0"
    run = begin(checkout, folder, "train", "scvi", "epoch 3 of 12")
    os.killpg(run.process.pid, signal.SIGINT)  # Ctrl-C
    assert run.wait() != 0
    assert not (checkout / folder / "run.json").exists()
    (checkout / "results" / "logs" / "train" / "d" / "scvi-0.log").unlink()
    run = begin(checkout, folder, "train", "scvi", "epoch 3 of 12")
    strike(run, "the training")
    assert run.wait() == 0
    facts = read_json(checkout / folder / "run.json")
    assert (facts["failed"], facts["epochs"]) == (None, SCVI["max_epochs"])
