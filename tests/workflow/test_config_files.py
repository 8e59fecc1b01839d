"""Configs as a user meets them: on the command line, in the manual, in the examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from scbraid.config.manual import MANUAL, filled_in
from scbraid.config.resolve import resolve
from support import ROOT, copy_checkout, demo_config, snakemake, write_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("config") / "scbraid")


def test_manual_agrees_with_the_schema() -> None:
    assert filled_in(MANUAL.read_text()) == MANUAL.read_text(), "run `make docs`"


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_examples_are_valid(path: Path) -> None:
    assert resolve(yaml.safe_load(path.read_text()))["methods"]


def test_own_config_replaces_the_demo(checkout: Path, tmp_path: Path) -> None:
    own = {
        "datasets": {"mine": {"source": "resources/pbmc/pbmc.h5ad", "batch": "batch"}},
        "methods": {"harmony": {}},
        "features": {"n_top_genes": 100},
    }
    finished = snakemake(checkout, "--dry-run", "--configfile", str(write_config(own, tmp_path / "own.yaml")))
    assert finished.returncode == 0, finished.stdout
    assert "results/mine/runs/harmony/seed-0/embedding.parquet" in finished.stdout
    for leaked in ("results/pbmc", "scvi", "cvae", "Transfer labels"):
        assert leaked not in finished.stdout


def test_mistake_in_the_config_is_one_line_and_writes_nothing(checkout: Path, tmp_path: Path) -> None:
    config = demo_config()
    config["methods"]["harmoni"] = {}
    finished = snakemake(checkout, "--configfile", str(write_config(config, tmp_path / "typo.yaml")))
    assert finished.returncode != 0
    assert finished.stdout.splitlines()[-1] == (
        "scbraid: config: methods/harmoni: unknown method 'harmoni', did you mean 'harmony'?"
    )
    assert "Traceback" not in finished.stdout
    assert not (checkout / "results").exists()


def test_mistake_in_the_data_stops_before_training_without_traceback(checkout: Path, tmp_path: Path) -> None:
    config = demo_config()
    config["datasets"]["pbmc"]["batch"] = "bacth"
    finished = snakemake(checkout, "--configfile", str(write_config(config, tmp_path / "column.yaml")))
    assert finished.returncode != 0
    assert "obs has no column 'bacth' (config key batch), did you mean 'batch'?" in finished.stdout
    assert "Traceback" not in finished.stdout
    assert not (checkout / "results" / "pbmc" / "standard.h5ad").exists()
