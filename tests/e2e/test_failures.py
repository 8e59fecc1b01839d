"""A method that fails: the others go on, report, benchmark and exit status tell, and a mended one reruns."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from support import copy_checkout, snakemake, write_config

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

BROKEN = """
    def mine(adata, context):
        raise ArithmeticError("the matrix of <this> method is singular")
"""
MENDED = """
    def mine(adata, context):
        return adata.obsm["X_pca"][:, :5]
"""


def config(method: str) -> dict[str, Any]:
    source = {"source": "resources/pbmc/pbmc.h5ad", "batch": "batch", "label": "cell_type"}
    return {
        "datasets": {"pbmc": source | {"transfer": {"query": ["pbmc10k_v3"]}, "qc": {"scrublet": False}}},
        "methods": {"pca": {}, "mine": {"method": method}},
        "features": {"n_top_genes": 200},
        "transfer": {"classifiers": ["knn"]},
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("failing") / "scbraid")


@pytest.fixture(scope="module")
def failed(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run of the workflow in which one of two methods fails."""
    (checkout / "mine.py").write_text(dedent(BROKEN))
    write_config(config("mine.py"), checkout / "own.yaml")
    return snakemake(checkout, "--configfile", "own.yaml")


def summary(checkout: Path) -> pd.DataFrame:
    return pd.read_csv(checkout / "results" / "pbmc" / "benchmark" / "summary.tsv", sep="\t", index_col="method")


def test_exit_status_and_terminal_tell(failed: subprocess.CompletedProcess[str]) -> None:
    assert failed.returncode != 0
    assert "mine failed on pbmc: ArithmeticError: the matrix of <this> method is singular" in failed.stdout
    assert "1 of 2 runs failed; the others are complete and in the report" in failed.stdout


def test_benchmark_and_report_tell(failed: subprocess.CompletedProcess[str], checkout: Path) -> None:
    table = summary(checkout)
    assert list(table.index) == ["pca", "mine"]
    assert table.loc["pca", "total"] > 0.3
    assert table.loc["mine", "failed"] == "seed 0: ArithmeticError: the matrix of <this> method is singular"
    assert table.loc["mine"].drop(["failed", "seeds", "is_control", "needs_labels", "is_graph", "scaled"]).isna().all()
    report = (checkout / "results" / "report.html").read_text()
    assert "ArithmeticError: the matrix of &lt;this&gt; method is singular" in report


def test_others_are_complete(failed: subprocess.CompletedProcess[str], checkout: Path) -> None:
    results = checkout / "results" / "pbmc"
    predictions = pd.read_parquet(results / "transfer" / "knn" / "pca" / "seed-0" / "predictions.parquet")
    kept = pd.read_csv(results / "qc" / "cells.tsv.gz", sep="\t").query("kept and batch == 'pbmc10k_v3'")
    assert list(predictions["cell"]) == list(kept["cell"])
    assert pd.read_parquet(results / "transfer" / "knn" / "mine" / "seed-0" / "predictions.parquet").empty
    assert (results / "integrated.h5ad").is_file()
    assert "ArithmeticError" in (checkout / "results" / "logs" / "integrate" / "pbmc" / "mine-0.log").read_text()


def test_failures_can_be_allowed(failed: subprocess.CompletedProcess[str], checkout: Path, tmp_path: Path) -> None:
    write_config(config("mine.py") | {"allow_failures": True}, checkout / "allowed.yaml")
    again = snakemake(checkout, "--configfile", "allowed.yaml")
    assert again.returncode == 0, again.stdout
    runs = pd.read_csv(checkout / "results" / "runs.tsv", sep="\t").set_index("run")["status"]
    assert runs.to_dict() == {"results/pbmc/runs/mine/seed-0": "failed", "results/pbmc/runs/pca/seed-0": "done"}
    assert "Nothing to be done" in snakemake(checkout, "--configfile", "allowed.yaml").stdout


def test_mended_method_runs_again_and_nothing_else_does(
    failed: subprocess.CompletedProcess[str], checkout: Path
) -> None:
    pca = checkout / "results" / "pbmc" / "runs" / "pca" / "seed-0" / "run.json"
    before = pca.stat().st_mtime_ns
    (checkout / "mine.py").write_text(dedent(MENDED))
    finished = snakemake(checkout, "--configfile", "own.yaml")
    assert finished.returncode == 0, finished.stdout
    assert pca.stat().st_mtime_ns == before
    table = summary(checkout)
    assert table["failed"].isna().all()
    assert table.loc["mine", "total"] > 0.3
