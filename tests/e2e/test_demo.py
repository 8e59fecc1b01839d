"""The demo from the bundled data to the report, held to numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from support import snakemake

if TYPE_CHECKING:
    from pathlib import Path

METHODS = ["pca", "harmony", "scvi", "cvae"]
IN_TOTAL = [
    *("nmi", "ari", "silhouette_label", "isolated_label_f1", "isolated_label_silhouette", "clisi"),
    *("bras", "ilisi", "kbet", "graph_connectivity", "pcr"),
]


@pytest.fixture(scope="module")
def results(demo_run: Path) -> Path:
    return demo_run / "results" / "pbmc"


@pytest.fixture(scope="module")
def summary(results: Path) -> pd.DataFrame:
    return pd.read_csv(results / "benchmark" / "summary.tsv", sep="\t", index_col="method")


@pytest.mark.parametrize(("method", "gain"), [("harmony", 0.05), ("scvi", 0.10), ("cvae", 0.10)])
def test_total_is_above_unintegrated_pca(summary: pd.DataFrame, method: str, gain: float) -> None:
    assert summary.loc[method, "total"] >= summary.loc["pca", "total"] + gain


def test_batches_are_mixed_by_every_method_but_pca(summary: pd.DataFrame) -> None:
    assert summary.loc["pca", "ilisi"] < 0.05
    assert (summary.loc[["harmony", "scvi", "cvae"], "ilisi"] >= 0.25).all()


def test_total_is_the_weighted_mean_of_raw_values(results: Path, summary: pd.DataFrame) -> None:
    long = pd.read_csv(results / "benchmark" / "metrics.tsv", sep="\t")
    counted = long[long["metric"].isin(IN_TOTAL)]
    means = counted.groupby(["method", "group"])["value"].mean().unstack()
    expected = 0.6 * means["bio"] + 0.4 * means["batch"]
    np.testing.assert_allclose(summary["total"], expected[summary.index], rtol=1e-12)


def test_labels_transfer_to_the_query_batch(results: Path) -> None:
    folder = results / "transfer" / "knn" / "cvae" / "seed-0"
    scores = pd.read_csv(folder / "scores.tsv", sep="\t")
    predictions = pd.read_parquet(folder / "predictions.parquet")
    overall = scores.query("score == 'accuracy' and label == 'all'")["value"].item()
    assert overall == pytest.approx((predictions["truth"] == predictions["prediction"]).mean())
    assert overall >= 0.85
    assert set(scores.query("score == 'accuracy'")["label"]) == {"all", *predictions["truth"].unique()}


@pytest.mark.parametrize("method", METHODS)
def test_embedding_and_record_agree_with_the_data(results: Path, method: str) -> None:
    folder = results / "runs" / method / "seed-0"
    embedding = pd.read_parquet(folder / "embedding.parquet")
    cells = ad.read_h5ad(results / "features" / "hvg.h5ad", backed="r").obs_names
    record = json.loads((folder / "run.json").read_text())
    assert list(embedding.index) == list(cells)
    assert (embedding.dtypes == np.float32).all()
    assert record["device"] == "cpu" or record["device"].startswith("cuda")
    assert {"seconds", "epochs", "cells_per_second", "peak_ram_mb", "peak_gpu_mb", "device_asked"} <= set(record)
    assert (record["epochs"] is None) == (method in ("pca", "harmony"))


def test_every_cell_is_kept_or_has_a_reason(results: Path) -> None:
    cells = pd.read_csv(results / "qc" / "cells.tsv.gz", sep="\t", keep_default_na=False)
    assert len(cells) == 1080
    assert (cells["kept"] == (cells["reason"] == "")).all()
    filtered = ad.read_h5ad(results / "qc" / "filtered.h5ad")
    assert list(filtered.obs_names) == list(cells.loc[cells["kept"], "cell"])


def test_export_carries_counts_embeddings_and_predictions(results: Path) -> None:
    integrated = ad.read_h5ad(results / "integrated.h5ad")
    source = ad.read_h5ad(results.parents[1] / "resources" / "pbmc" / "pbmc.h5ad")[integrated.obs_names]
    assert (integrated.layers["counts"] != source[:, integrated.var_names].X.astype(np.float32)).nnz == 0
    for method in METHODS:
        embedding = pd.read_parquet(results / "runs" / method / "seed-0" / "embedding.parquet")
        np.testing.assert_array_equal(integrated.obsm[f"X_{method}"], embedding.loc[integrated.obs_names])
        query = integrated.obs["batch"] == "pbmc10k_v3"
        assert (integrated.obs[f"prediction_knn_{method}"].notna() == query).all()


def test_nothing_is_written_outside_results_and_downloads(demo_run: Path) -> None:
    from support import ROOT

    known = {path.name for path in ROOT.iterdir()} | {"results", ".snakemake"}
    assert {path.name for path in demo_run.iterdir()} <= known
    assert not list(demo_run.rglob("None*"))


def test_report_shows_the_scores_of_the_files(demo_run: Path, summary: pd.DataFrame) -> None:
    report = (demo_run / "results" / "report.html").read_text()
    assert len(report) < 15e6
    for method in METHODS:
        assert method in report
        assert f"{summary.loc[method, 'total']:.3f}" in report


def test_report_of_snakemake_has_every_figure_with_caption_and_label(demo_run: Path, tmp_path: Path) -> None:
    finished = snakemake(demo_run, "--report", str(tmp_path / "report.html"))
    assert finished.returncode == 0, finished.stdout
    text = (tmp_path / "report.html").read_text()
    for label in ("scores", "bio against batch", "score against time", "all runs", "violins", "scatter"):
        assert f'"figure": "{label}"' in text
    assert "Conservation of biology against removal of batch effects" in text
