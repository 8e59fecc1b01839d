"""Training jobs of one run side by side on a machine that pretends to have two GPUs."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support import copy_checkout, snakemake, write_config

pytestmark = pytest.mark.slow

DEVICES = ("GPU-a", "GPU-b")
SEEDS = 3


def config() -> dict[str, Any]:
    dataset = {"source": "resources/pbmc/pbmc.h5ad", "batch": "batch", "qc": {"scrublet": False}}
    holding = {"method": "holding.py"}
    return {
        "datasets": {"pbmc": dataset},
        "methods": {"holding": holding, "crashing": holding | {"crashes": True}},
        "features": {"n_top_genes": 200},
        "seeds": list(range(SEEDS)),
    }


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """When each attempt to train had which device, in the order of time, by how it ended; more slots than devices."""
    folder = tmp_path_factory.mktemp("gpus")
    checkout = copy_checkout(folder / "scbraid")
    shutil.copy(Path(__file__).with_name("holding.py"), checkout)
    write_config(config(), checkout / "two.yaml")
    targets = [
        f"results/pbmc/runs/{run}/seed-{seed}/run.json" for run in ("holding", "crashing") for seed in range(SEEDS)
    ]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CUDA_VISIBLE_DEVICES", ",".join(DEVICES))
        environment.setenv("TMPDIR", str(folder))
        finished = snakemake(checkout, *targets, "--cores", "6", "--resources", "gpu=3", "--configfile", "two.yaml")
    assert finished.returncode == 0, finished.stdout
    found = {
        end: [json.loads(note.read_text()) for note in (checkout / "notes").glob(f"{end}-*.json")]
        for end in ("crash", "end")
    }
    return {end: sorted(notes, key=lambda note: note["began"]) for end, notes in found.items()}


def test_no_two_jobs_are_on_one_device(attempts: dict[str, list[dict[str, Any]]]) -> None:
    every = sorted(attempts["crash"] + attempts["end"], key=lambda note: note["began"])
    for device in DEVICES:
        held = [note for note in every if note["device"] == device]
        assert all(before["ended"] <= after["began"] for before, after in pairwise(held)), held


def test_all_devices_are_used_and_side_by_side(attempts: dict[str, list[dict[str, Any]]]) -> None:
    ended = attempts["end"]
    assert len(ended) == 2 * SEEDS
    assert min(Counter(note["device"] for note in ended)[device] for device in DEVICES) >= 2
    assert any(
        first["device"] != second["device"] and second["began"] < first["ended"] for first, second in pairwise(ended)
    )


def test_a_crashed_job_frees_its_device_and_is_tried_again(attempts: dict[str, list[dict[str, Any]]]) -> None:
    assert attempts["crash"]
    crashed = attempts["crash"][0]
    assert any(note["device"] == crashed["device"] and note["began"] >= crashed["ended"] for note in attempts["end"])
