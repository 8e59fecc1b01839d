"""The ways in: plain `snakemake`, the file that catalogs look for, and a module of somebody else's workflow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support import ROOT, copy_checkout, snakemake

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
configfile: "config/config.yaml"


module scbraid:
    snakefile:
        "{snakefile}"
    config:
        config


use rule * from scbraid
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("entry") / "scbraid")


def plan(checkout: Path, *arguments: str) -> list[list[str]]:
    """What a dry run says of its jobs, without the times; it names files in any order."""
    finished = snakemake(checkout, "--dry-run", *arguments)
    assert finished.returncode == 0, finished.stdout
    lines = finished.stdout.partition("Job stats:")[2].splitlines()
    return sorted(sorted(re.split("[,;:] ", line)) for line in lines if not re.match(r"\[\w{3} \w{3} ", line))


@pytest.fixture(scope="module")
def plain(checkout: Path) -> list[list[str]]:
    return plan(checkout)


def test_plain_snakemake_plans_the_demo(plain: list[list[str]]) -> None:
    files = {word for line in plain if "Missing output files" in line for word in line}
    assert {"results/pbmc/standard.h5ad", "results/report.html", "results/verdict.txt"} <= files


def test_the_file_that_catalogs_find_plans_the_same(checkout: Path, plain: list[list[str]]) -> None:
    assert plan(checkout, "--snakefile", "workflow/Snakefile") == plain


def test_a_module_of_another_workflow_plans_the_same(checkout: Path, plain: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(MODULE.format(snakefile=checkout / "workflow" / "Snakefile"))
    assert plan(checkout, "--snakefile", str(tmp_path / "Snakefile")) == plain


def test_a_module_runs_in_a_folder_of_its_own(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(MODULE.format(snakefile=checkout / "workflow" / "Snakefile"))
    (tmp_path / "config").mkdir()
    config = (ROOT / "config" / "config.yaml").read_text()
    (tmp_path / "config" / "config.yaml").write_text(config.replace("resources/", f"{checkout}/resources/"))
    finished = snakemake(tmp_path, "--cores", "1", "results/pbmc/standard.h5ad")
    assert finished.returncode == 0, finished.stdout
    assert (tmp_path / "results" / "pbmc" / "standard.h5ad").exists()
