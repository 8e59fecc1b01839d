from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cluster.one_node import jobs, running, why_not_here
from support import copy_checkout, snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
# The defaults spare the controller of a cluster that many people use.
OFTEN = ("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "1")
SLURM = ("--workflow-profile", "workflow/profiles/slurm", *OFTEN)


def config(methods: dict[str, Any]) -> dict[str, Any]:
    source = {"source": "resources/pbmc/pbmc.h5ad", "batch": "batch", "label": "cell_type"}
    return {
        "datasets": {"pbmc": source | {"transfer": {"query": ["pbmc10k_v3"]}, "qc": {"scrublet": False}}},
        "methods": methods,
        "features": {"n_top_genes": 300},
        "transfer": {"classifiers": ["knn"]},
        "metrics": {"include": ["nmi", "ari", "ilisi"]},
    }


@dataclass(frozen=True)
class Run:
    """A finished Snakemake and what it left."""

    checkout: Path
    output: str
    jobs: list[dict[str, str]]

    def jobs_of(self, name: str) -> list[dict[str, str]]:
        """SLURM's records of a job, all attempts of it."""
        return [job for job in self.jobs if job["Comment"] == f"rule_{name}"]


def finish(checkout: Path, *arguments: str) -> Run:
    """Run Snakemake to its end and keep what SLURM knows of its jobs."""
    before = {job["JobId"] for job in jobs()}
    finished = snakemake(checkout, *SLURM, *arguments)
    assert finished.returncode == 0, finished.stdout
    return Run(checkout, finished.stdout, [job for job in jobs() if job["JobId"] not in before])


@pytest.fixture(scope="session")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if reason := why_not_here():
        pytest.skip(reason)
    pytest.importorskip("snakemake_executor_plugin_slurm")
    with running(tmp_path_factory.mktemp("slurm")):
        yield


@pytest.fixture(scope="session")
def both_runs(_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """Run the same config on this machine alone and through SLURM, at the same time."""
    methods = {"harmony": {}, "cvae": {"max_epochs": 3}}
    local, submitted = (copy_checkout(tmp_path_factory.mktemp(name) / "scbraid") for name in ("local", "submitted"))
    for checkout in (local, submitted):
        write_config(config(methods), checkout / "run.yaml")
    with ThreadPoolExecutor() as pool:
        alone = pool.submit(snakemake, local, "--configfile", "run.yaml")
        run = finish(submitted, "--configfile", "run.yaml")
    assert alone.result().returncode == 0, alone.result().stdout
    return local, run


@pytest.fixture(scope="session")
def submitted(both_runs: tuple[Path, Run]) -> Run:
    return both_runs[1]


@pytest.fixture(scope="session")
def prepared(submitted: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy a checkout in which the data are prepared, for methods that go wrong."""
    checkout = tmp_path_factory.mktemp("prepared") / "scbraid"
    shutil.copytree(submitted.checkout, checkout, symlinks=True)
    for name in ("faulty.py", "stuck.py"):
        shutil.copy(HERE / name, checkout / name)
    return checkout
