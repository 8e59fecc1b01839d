"""Small configs run through SLURM, and what is kept of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster.one_node import jobs
from support import snakemake

if TYPE_CHECKING:
    from pathlib import Path

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
