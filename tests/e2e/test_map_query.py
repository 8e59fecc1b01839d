"""New cells on a reference of the finished demo, by the command that users type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from support import demo_config, snakemake, write_config

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

MODEL = "results/pbmc/runs/cvae/seed-0/model"
N_LEFT_OUT = 40


@pytest.fixture(scope="module")
def source(demo_run: Path) -> AnnData:
    """Every other cell of a demo batch under a new name, without 40 genes of the reference."""
    demo = ad.read_h5ad(demo_run / "resources" / "pbmc" / "pbmc.h5ad")
    genes = json.loads((demo_run / MODEL / "reference.json").read_text())["genes"]
    cells = demo[demo.obs["batch"] == "pbmc10k_v3"][::2]
    query = cells[:, ~cells.var_names.isin(genes[:N_LEFT_OUT])].copy()
    query.obs["batch"] = pd.Categorical(["new donor"] * query.n_obs)
    query.obs_names = [f"new_{name}" for name in query.obs_names]
    return query


@pytest.fixture(scope="module")
def written_before(demo_run: Path) -> dict[Path, int]:
    """Times of all files of the demo before the query was mapped."""
    return {path: path.stat().st_mtime_ns for path in (demo_run / "results" / "pbmc").rglob("*")}


@pytest.fixture(scope="module")
def arguments(source: AnnData, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("query")
    source.write_h5ad(folder / "query.h5ad")
    query = {"source": str(folder / "query.h5ad"), "reference": MODEL, "batch": "batch", "label": "cell_type"}
    config = demo_config() | {"queries": {"donor": query}}
    return ["map_query", "--configfile", str(write_config(config, folder / "query.yaml"))]


@pytest.fixture(scope="module")
def results(demo_run: Path, written_before: dict[Path, int], arguments: list[str]) -> Path:
    finished = snakemake(demo_run, *arguments)
    assert finished.returncode == 0, finished.stdout
    return demo_run / "results" / "queries" / "donor"


def test_reference_is_used_as_it_is(results: Path, written_before: dict[Path, int]) -> None:
    assert {path: path.stat().st_mtime_ns for path in written_before} == written_before


def test_predictions_are_of_the_cells_and_mostly_right(results: Path, source: AnnData) -> None:
    predictions = pd.read_parquet(results / "predictions.parquet")
    assert list(predictions["cell"]) == list(source.obs_names)
    assert list(predictions["truth"]) == list(source.obs["cell_type"])
    accuracy = (predictions["truth"] == predictions["prediction"]).mean()
    assert accuracy > 0.85
    scores = pd.read_csv(results / "scores.tsv", sep="\t")
    assert scores.query("score == 'accuracy' and label == 'all'")["value"].item() == pytest.approx(accuracy)


def test_facts_and_genes(results: Path) -> None:
    facts = json.loads((results / "query.json").read_text())
    genes = pd.read_csv(results / "genes.tsv", sep="\t", keep_default_na=False)
    assert facts["genes_padded"] == (genes["status"] == "padded").sum() == N_LEFT_OUT
    assert facts["overlap_percent"] == pytest.approx(100 * (1 - N_LEFT_OUT / facts["genes"]), abs=0.01)
    assert facts["batches"] == {"new donor": 97}
    assert facts["reference"] == MODEL


def test_mapped_cells_and_layout(results: Path, source: AnnData, demo_run: Path) -> None:
    mapped = ad.read_h5ad(results / "mapped.h5ad")
    layout = pd.read_parquet(results / "umap.parquet")
    assert list(mapped.obs_names) == list(source.obs_names)
    assert (mapped.layers["counts"] != source.X.astype(np.float32)).nnz == 0
    np.testing.assert_array_equal(mapped.obsm["X_cvae"], pd.read_parquet(results / "embedding.parquet"))
    reference = pd.read_parquet(demo_run / MODEL / "reference.parquet")
    assert list(layout.index) == [*reference.index, *source.obs_names]
    assert {"new donor"} == set(mapped.obs["batch"])
    assert "donor on cvae" in (results / "report.html").read_text()


def test_nothing_is_left_to_do(results: Path, demo_run: Path, arguments: list[str]) -> None:
    assert "Nothing to be done" in snakemake(demo_run, "--dry-run", *arguments).stdout


@pytest.mark.parametrize(
    ("config", "target", "message"),
    [
        (demo_config(), ["map_query"], "scbraid: map_query has nothing to map: name cells and a reference under"),
        (
            {"queries": {"q": {"source": "q.h5ad", "reference": MODEL}}},
            [],
            "scbraid: the config has queries but no datasets; `snakemake map_query` maps the queries",
        ),
        (
            {"queries": {"q": {"source": "q.h5ad", "reference": "nowhere/model"}}},
            ["map_query"],
            "scbraid: config: queries/q/reference: no such folder: nowhere/model (from ",
        ),
        (
            demo_config() | {"queries": {"q": {"source": "q.h5ad", "reference": "results/pbmc/runs/pca/seed-0/model"}}},
            ["map_query"],
            "scbraid: config: queries/q/reference: no run 'pca' of this config trains a model to map onto, valid: ",
        ),
    ],
)
def test_what_cannot_be_mapped_is_answered_in_one_line(
    config: dict, target: list[str], message: str, demo_run: Path, tmp_path: Path
) -> None:
    finished = snakemake(demo_run, *target, "--configfile", str(write_config(config, tmp_path / "config.yaml")))
    assert finished.returncode == 1
    assert finished.stdout.splitlines()[-1].startswith(message)
    assert "Traceback" not in finished.stdout
