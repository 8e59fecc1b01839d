"""Scripts started by hand: they get what their rule gives, and write what the workflow wrote."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scbraid.config.resolve import resolve
from support import demo_config

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

TELL = """
import json, sys
sys.path.insert(0, "workflow/scripts")
from by_hand import stand_in

snakemake = stand_in(sys.argv[1], **dict(pair.split("=") for pair in sys.argv[2:]))
parts = {name: dict(getattr(snakemake, name).items()) for name in ("input", "output", "params", "wildcards")}
given = {"rule": snakemake.rule, "threads": snakemake.threads, "log": list(snakemake.log)}
print(json.dumps({**parts, **given, "inputs": list(snakemake.input), "mem_mb": snakemake.resources.mem_mb}))
"""


def told(checkout: Path, *job: str) -> dict[str, Any]:
    command = [sys.executable, "-c", TELL, *job]
    return json.loads(subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout)


def by_hand(checkout: Path, *job: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "workflow/scripts/by_hand.py", *job]
    return subprocess.run(command, cwd=checkout, check=False, capture_output=True, text=True)


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_pca_gets_what_its_rule_gives(demo_run: Path) -> None:
    given = told(demo_run, "pca", "dataset=pbmc")
    hvg = demo_run / "results/pbmc/features/hvg.h5ad"
    assert given["mem_mb"] == int(1500 + 12 * hvg.stat().st_size / 2**20)
    assert {key: given[key] for key in given if key != "mem_mb"} == {
        "rule": "pca",
        "input": {},
        "inputs": ["results/pbmc/features/hvg.h5ad"],
        "output": {
            "embedding": "results/pbmc/pca/embedding.parquet",
            "variance": "results/pbmc/pca/variance.tsv",
        },
        "params": {"n_comps": resolve(demo_config())["pca"]["n_comps"]},
        "wildcards": {"dataset": "pbmc"},
        "threads": 2,
        "log": ["results/logs/pca/pbmc.log"],
    }


def test_training_gets_what_its_rule_gives(demo_run: Path) -> None:
    given = told(demo_run, "train", "dataset=pbmc", "method=cvae", "seed=0")
    folder = "results/pbmc/runs/cvae/seed-0"
    assert given["input"] == {"hvg": "results/pbmc/features/hvg.h5ad", "pca": [], "cells": [], "source": []}
    assert given["output"]["embedding"] == f"{folder}/embedding.parquet"
    assert given["output"]["facts"] == f"{folder}/run.json"
    assert given["params"] == {"method": resolve(demo_config())["methods"]["cvae"], "accelerator": "auto"}
    assert given["wildcards"] == {"dataset": "pbmc", "method": "cvae", "seed": "0"}
    assert given["log"] == ["results/logs/train/pbmc/cvae-0.log"]


def test_pca_by_hand_writes_the_same_bytes_and_its_log_to_the_terminal(demo_run: Path, tmp_path: Path) -> None:
    # A copy, as writing over results of the demo would make it do everything after them once more.
    checkout = shutil.copytree(demo_run, tmp_path / "demo", symlinks=True)
    folder, log = checkout / "results/pbmc/pca", checkout / "results/logs/pca/pbmc.log"
    before, logged = digests(folder), log.read_bytes()
    (folder / "embedding.parquet").unlink()
    finished = by_hand(checkout, "pca", "dataset=pbmc")
    assert finished.returncode == 0, finished.stderr
    assert "scbraid: pca on" in finished.stderr
    assert digests(folder) == before
    assert log.read_bytes() == logged


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (["pac"], "scbraid: no rule with a script is called 'pac', did you mean 'pca'?"),
        (["pca"], "scbraid: rule pca takes dataset=…, here none"),
        (
            ["pca", "dataset=pbmx"],
            "scbraid: rule pca makes no results/pbmx/pca/embedding.parquet with this config",
        ),
        (["pca", "pbmc"], "scbraid: pbmc: a wildcard is given as name=value"),
        (["pca", "dataset=pbmc", "--configfile", "no.yaml"], "scbraid: --configfile no.yaml: no such file"),
    ],
)
def test_mistakes_are_answered_in_a_line(job: list[str], message: str, demo_run: Path) -> None:
    finished = by_hand(demo_run, *job)
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == [message]
