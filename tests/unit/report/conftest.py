"""Results as the workflow writes them, made by its own steps from synthetic counts, and a reader of the page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbraid.benchmark import gather, summarize
from scbraid.config import resolve
from scbraid.features import select_features
from scbraid.files import embedding_table, write_embedding, write_h5ad, write_json, write_table
from scbraid.methods import METHODS as REGISTRY
from scbraid.metrics import METRICS
from scbraid.plots import qc as qc_plots
from scbraid.plots.style import save
from scbraid.plots.umap import umap_grid
from scbraid.qc import control_quality
from scbraid.report import write_report
from scbraid.transfer import score_predictions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BATCHES = ("10x v2", "10x v3", "001")
LABELS = ("B", "T", "all")
METHODS = ("pca", "harmony", "scvi")


@dataclass(frozen=True, kw_only=True)
class Results:
    """A results folder, the config and runs it belongs to, and what was written into it."""

    folder: Path
    config: dict[str, Any]
    runs: list[tuple[str, int]]
    obs: dict[str, pd.DataFrame]
    layouts: dict[tuple[str, str, int], pd.DataFrame]
    predictions: dict[tuple[str, str, int], pd.DataFrame]

    def page(self) -> Page:
        output = self.folder / "report.html"
        write_report(self.folder, output, config=self.config, runs=self.runs)
        return Page(output.read_text())


def make_results(
    folder: Path,
    *,
    datasets: dict[str, dict[str, Any]] | None = None,
    methods: tuple[str, ...] = METHODS,
    seeds: tuple[int, ...] = (0,),
    n_cells: int = 240,
) -> Results:
    """Write the results of data sets, each given as batches, labels (or none) and whether labels are transferred."""
    datasets = datasets or {"blood": {}}
    described = {
        name: {"batches": BATCHES, "labels": LABELS, "transfer": True} | choices for name, choices in datasets.items()
    }
    config = resolve(
        {
            "datasets": {name: _dataset_config(choices) for name, choices in described.items()},
            "methods": {method: {} for method in methods},
            "seeds": list(seeds),
            "qc": {"scrublet": False, "allow_large_loss": True},
            "features": {"flavor": "seurat", "n_top_genes": 20},
        }
    )
    runs = [(run, seed) for run in methods for seed in (seeds if REGISTRY[run].stochastic else (0,))]
    results = Results(folder=folder, config=config, runs=runs, obs={}, layouts={}, predictions={})
    for number, (name, choices) in enumerate(described.items()):
        _write_dataset(results, name, choices, n_cells=n_cells, rng=np.random.default_rng(number))
    return results


def _dataset_config(choices: dict[str, Any]) -> dict[str, Any]:
    transfer = {"query": [choices["batches"][0]]} if choices["transfer"] else None
    label = "cell_type" if choices["labels"] else None
    return {"source": "data/<cells>.h5ad", "batch": "batch", "label": label, "transfer": transfer}


def _write_dataset(
    results: Results, name: str, choices: dict[str, Any], *, n_cells: int, rng: np.random.Generator
) -> None:
    folder = results.folder / name
    settings = results.config["datasets"][name]
    filtered, cells, summary = control_quality(_counts(choices, n_cells, rng), settings["qc"], name=name)
    hvg, genes = select_features(filtered, name=name, **settings["features"])
    write_h5ad(hvg, folder / "features" / "hvg.h5ad")
    write_table(genes, folder / "features" / "genes.tsv")
    (folder / "qc").mkdir()
    write_table(cells.rename_axis("cell").reset_index(), folder / "qc" / "cells.tsv.gz")
    write_table(summary, folder / "qc" / "summary.tsv")
    save(qc_plots.scatter(cells), folder / "qc" / "scatter.svg")
    write_json({"source": settings["source"], "path": "x", "sha256": "ab" * 32, "bytes": 12345}, folder / "source.json")
    results.obs[name] = hvg.obs
    scores, facts = {}, {}
    for run, seed in results.runs:
        scores[run, seed] = _scores(bool(choices["labels"]), rng)
        facts[run, seed] = _write_run(results, name, run, seed, rng)
        if choices["transfer"]:
            _write_transfer(results, name, run, seed, rng)
    metrics = gather(scores)
    (folder / "benchmark").mkdir()
    write_table(summarize(metrics, facts), folder / "benchmark" / "summary.tsv")
    first = {run: results.layouts[name, run, 0] for run, seed in results.runs if seed == 0}
    save(umap_grid(first, hvg.obs), folder / "benchmark" / "umap.svg")


def _counts(choices: dict[str, Any], n_cells: int, rng: np.random.Generator) -> ad.AnnData:
    depth = rng.lognormal(0, 0.4, size=(n_cells, 1))
    counts = rng.poisson(depth * rng.gamma(1.0, 2.0, size=60), size=(n_cells, 60))
    obs = {"batch": pd.Categorical(rng.choice(choices["batches"], n_cells))}
    if choices["labels"]:
        obs["label"] = pd.Categorical(rng.choice(choices["labels"], n_cells))
    cells = [f"cell<{i}>" for i in range(n_cells)]
    adata = ad.AnnData(obs=pd.DataFrame(obs, index=cells), var=pd.DataFrame(index=[f"GENE{i}" for i in range(60)]))
    adata.layers["counts"] = sp.csr_matrix(counts.astype(np.float32))
    return adata


def _scores(has_labels: bool, rng: np.random.Generator) -> pd.DataFrame:
    known = {name: metric for name, metric in METRICS.items() if has_labels or name in ("ilisi", "pcr")}
    return pd.DataFrame(
        {"metric": list(known), "value": rng.random(len(known)), "group": [metric.group for metric in known.values()]}
    )


def _write_run(results: Results, name: str, run: str, seed: int, rng: np.random.Generator) -> dict[str, Any]:
    folder = results.folder / name / "runs" / run / f"seed-{seed}"
    folder.mkdir(parents=True)
    cells = results.obs[name].index
    layout = embedding_table(rng.normal(size=(len(cells), 2)), cells)
    results.layouts[name, run, seed] = layout
    write_embedding(layout, folder / "umap.parquet")
    trains = REGISTRY[run].trains
    facts = {
        "run": run,
        "method": run,
        "parameters": {},
        "seed": seed,
        "device_asked": "auto",
        "device": "cpu",
        "seconds": round(float(rng.uniform(1, 5000)), 3),
        "epochs": 20 if trains else None,
        "cells_per_second": round(float(rng.uniform(1e3, 1e5)), 1) if trains else None,
        "peak_ram_mb": round(float(rng.uniform(100, 5000)), 1),
        "peak_gpu_mb": None,
        "versions": {"scbraid": "0.1.0", "numpy": "2.0.0"},
    }
    write_json(facts, folder / "run.json")
    if trains:
        history = pd.DataFrame({"epoch": range(1, 21), "loss": 500 / np.arange(1, 21), "classification": 0.0})
        write_table(history, folder / "history.tsv")
    return facts


def _write_transfer(results: Results, name: str, run: str, seed: int, rng: np.random.Generator) -> None:
    folder = results.folder / name / "transfer" / "knn" / run / f"seed-{seed}"
    folder.mkdir(parents=True)
    obs = results.obs[name]
    query = obs[obs["batch"] == results.config["datasets"][name]["transfer"]["query"][0]]
    predictions = pd.DataFrame(
        {
            "cell": query.index,
            "truth": query["label"].astype(object).to_numpy(),
            "prediction": rng.choice(query["label"].cat.categories, len(query)).astype(object),
            "probability": rng.random(len(query)).astype(np.float32),
        }
    )
    results.predictions[name, run, seed] = predictions
    predictions.to_parquet(folder / "predictions.parquet")
    write_table(score_predictions(predictions, obs["label"]), folder / "scores.tsv")


@dataclass
class Page(HTMLParser):
    """A parsed page: tags, visible text, tables as rows of (text, data-value), JSON by the id of its script."""

    source: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    tables: list[list[list[tuple[str, str | None]]]] = field(default_factory=list)
    points: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._cell: list[str] | None = None
        self._script: str | None = None
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {key: value or "" for key, value in attrs}
        self.tags.append((tag, attributes))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell, self._value = [], attributes.get("data-value")
        elif tag in ("script", "style"):
            self._script = attributes.get("id", tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.tables[-1][-1].append(("".join(self._cell).strip(), self._value))
            self._cell = None
        elif tag in ("script", "style"):
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            if self._script not in ("script", "style"):
                self.points[self._script] = json.loads(data)
            return
        self.text += data
        if self._cell is not None:
            self._cell.append(data)

    def table(self, *headings: str) -> list[list[tuple[str, str | None]]]:
        """Rows of the table that has exactly these words at the start of its heading row, without headings."""
        for rows in self.tables:
            for i, row in enumerate(rows):
                if tuple(text for text, _ in row[: len(headings)]) == headings:
                    return rows[i:]
        raise AssertionError(f"no table with {headings}")


@pytest.fixture(scope="session")
def blood(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return make_results(tmp_path_factory.mktemp("blood"))


@pytest.fixture(scope="session")
def make() -> Callable[..., Results]:
    return make_results
