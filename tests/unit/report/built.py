"""Results as the workflow writes them, made by its own steps from synthetic counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from in_memory import control_quality
from scbraid.benchmark.summary import gather, summarize
from scbraid.config.resolve import resolve
from scbraid.data.h5ad import write_h5ad
from scbraid.files import embedding_table, write_embedding, write_json, write_table
from scbraid.methods.registry import METHODS as REGISTRY
from scbraid.metrics import METRICS
from scbraid.metrics.scored import choose_cells
from scbraid.plan.runs import Transfer, transfers
from scbraid.plots import qc as qc_plots
from scbraid.plots.style import save
from scbraid.plots.umap import umap_grid
from scbraid.preprocess.features import select_features
from scbraid.report import write_report
from scbraid.runs.facts import nature
from scbraid.transfer.predict import predict
from scbraid.transfer.scores import score_predictions
from scbraid.transfer.tasks import EACH_BATCH, assign_roles, tasks
from unit.report.page import Page

if TYPE_CHECKING:
    from pathlib import Path

BATCHES = ("10x v2", "10x v3", "001")
LABELS = ("B", "T", "all")
METHODS = ("pca", "harmony", "scvi")
REASON = 'ValueError: <b>nothing</b> & "no one" converged'


@dataclass(frozen=True, kw_only=True)
class Results:
    """A results folder, the config and runs it belongs to, and what was written into it.

    Layouts are found by data set, run and seed, predictions by data set, classifier, run and seed.
    """

    folder: Path
    config: dict[str, Any]
    runs: list[tuple[str, int]]
    failing: set[tuple[str, int]]
    obs: dict[str, pd.DataFrame] = field(default_factory=dict)
    layouts: dict[tuple[str, str, int], pd.DataFrame] = field(default_factory=dict)
    predictions: dict[tuple[str, str, str, int], pd.DataFrame] = field(default_factory=dict)

    def transfers(self, name: str) -> list[Transfer]:
        """Every label transfer of a data set, as the workflow decides."""
        return transfers(self.config, name)

    def page(self) -> Page:
        """Write the report and read it."""
        output = self.folder / "report.html"
        write_report(self.folder, output, config=self.config)
        return Page(output.read_text())


def make_results(
    folder: Path,
    *,
    datasets: dict[str, dict[str, Any]] | None = None,
    methods: tuple[str, ...] = METHODS,
    seeds: tuple[int, ...] = (0,),
    classifiers: tuple[str, ...] = ("knn", "logistic"),
    failing: tuple[tuple[str, int], ...] = (),
    n_cells: int = 240,
) -> Results:
    """Write the results of data sets.

    Each is given as ``batches``, ``labels`` (or none), ``query`` and ``reference`` of the transfer (query None for
    none), ``unlabelled``, every how many cells one has no label (0 for none), and ``novel``, a label that only query
    cells have. Runs that fail give :data:`REASON`.
    """
    described = {
        name: {
            "batches": BATCHES,
            "labels": LABELS,
            "reference": None,
            "unlabelled": 0,
            "novel": None,
            "max_cells": None,
        }
        | choices
        for name, choices in (datasets or {"blood": {}}).items()
    }
    for choices in described.values():
        choices.setdefault("query", [choices["batches"][0]])
    config = resolve(
        {
            "datasets": {name: _dataset_config(choices) for name, choices in described.items()},
            "methods": {method: {} for method in methods},
            "seeds": list(seeds),
            "qc": {"scrublet": False, "allow_large_loss": True},
            "features": {"flavor": "seurat", "n_top_genes": 20},
            "transfer": {"classifiers": list(classifiers)},
        }
    )
    runs = [(run, seed) for run in methods for seed in (seeds if REGISTRY[run].stochastic else (0,))]
    results = Results(folder=folder, config=config, runs=runs, failing=set(failing))
    for number, (name, choices) in enumerate(described.items()):
        _write_dataset(results, name, choices, n_cells=n_cells, rng=np.random.default_rng(number))
    return results


def _dataset_config(choices: dict[str, Any]) -> dict[str, Any]:
    transfer = {"query": choices["query"], "reference": choices["reference"]} if choices["query"] else None
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
        scores[run, seed] = _scores(bool(choices["labels"]), failed=(run, seed) in results.failing, rng=rng)
        facts[run, seed] = _write_run(results, name, run, seed, rng)
    if choices["query"]:
        roles = assign_roles(hvg.obs, query=choices["query"], reference=choices["reference"], name=name)
        for transfer in results.transfers(name):
            _write_transfer(results, name, *transfer, roles, rng)
    metrics = gather(scores)
    (folder / "benchmark").mkdir()
    scored = choose_cells(filtered, name=name, max_cells=choices["max_cells"])
    scored.write(folder / "benchmark" / "cells.tsv.gz", folder / "benchmark" / "cell_cycle.tsv")
    write_table(metrics, folder / "benchmark" / "metrics.tsv")
    write_table(summarize(metrics, facts), folder / "benchmark" / "summary.tsv")
    first = {run: results.layouts[name, run, 0] for run, seed in results.runs if seed == 0}
    save(umap_grid(first, hvg.obs), folder / "benchmark" / "umap.svg")


def _counts(choices: dict[str, Any], n_cells: int, rng: np.random.Generator) -> ad.AnnData:
    depth = rng.lognormal(0, 0.4, size=(n_cells, 1))
    counts = rng.poisson(depth * rng.gamma(1.0, 2.0, size=60), size=(n_cells, 60))
    obs = {"batch": pd.Categorical(rng.choice(choices["batches"], n_cells))}
    if choices["labels"]:
        labels = rng.choice(choices["labels"], n_cells).astype(object)
        if choices["novel"]:
            labels[(labels == choices["novel"]) & ~np.isin(obs["batch"], choices["query"])] = choices["labels"][0]
        if choices["unlabelled"]:
            labels[:: choices["unlabelled"]] = None
        obs["label"] = pd.Categorical(labels)
    cells = [f"cell<{i}>" for i in range(n_cells)]
    adata = ad.AnnData(obs=pd.DataFrame(obs, index=cells), var=pd.DataFrame(index=[f"GENE{i}" for i in range(60)]))
    adata.layers["counts"] = sp.csr_matrix(counts.astype(np.float32))
    return adata


def _scores(has_labels: bool, *, failed: bool, rng: np.random.Generator) -> pd.DataFrame:
    known = {name: metric for name, metric in METRICS.items() if has_labels or name in ("ilisi", "pcr")}
    table = pd.DataFrame(
        {"metric": list(known), "value": rng.random(len(known)), "group": [metric.group for metric in known.values()]}
    )
    return table.iloc[:0] if failed else table


def _write_run(results: Results, name: str, run: str, seed: int, rng: np.random.Generator) -> dict[str, Any]:
    folder = results.folder / name / "runs" / run / f"seed-{seed}"
    folder.mkdir(parents=True)
    obs, failed, method = results.obs[name], (run, seed) in results.failing, REGISTRY[run]
    layout = rng.normal(size=(len(obs), 2))
    if "label" in obs:
        layout[:, 0] += 2 * obs["label"].cat.codes
    table = embedding_table(layout[:, :0] if failed else layout, obs.index)
    results.layouts[name, run, seed] = table
    write_embedding(table, folder / "umap.parquet")
    facts = {
        "run": run,
        "method": run,
        "parameters": {},
        "failed": REASON if failed else None,
        **nature(method),
        "seed": seed,
        "device_asked": "auto",
        "device": "none" if failed else "cpu",
        "seconds": round(float(rng.uniform(1, 5000)), 3),
        "epochs": 20 if method.trains and not failed else None,
        "cells_per_second": round(float(rng.uniform(1e3, 1e5)), 1) if method.trains and not failed else None,
        "peak_ram_mb": round(float(rng.uniform(100, 5000)), 1),
        "peak_gpu_mb": None,
        "versions": {"scbraid": "0.1.0", "numpy": "2.0.0"},
    }
    write_json(facts, folder / "run.json")
    if method.trains:
        history = pd.DataFrame({"epoch": range(1, 21), "loss": 500 / np.arange(1, 21), "classification": 0.0})
        write_table(history[["epoch"]].iloc[:0] if failed else history, folder / "history.tsv")
    return facts


def _write_transfer(
    results: Results,
    name: str,
    classifier: str,
    run: str,
    seed: int,
    roles: pd.DataFrame,
    rng: np.random.Generator,
) -> None:
    folder = results.folder / name / "transfer"
    own = folder / classifier / run / f"seed-{seed}"
    own.mkdir(parents=True)
    layout, failed = results.layouts[name, run, seed], (run, seed) in results.failing
    probabilities = None
    if classifier in ("head", "mapping") and "probabilities" in REGISTRY[run].gives and not failed:
        known = roles["label"].dropna().unique()
        probabilities = pd.DataFrame(rng.dirichlet(np.ones(len(known)), len(layout)), layout.index, columns=known)
    in_turn = results.config["datasets"][name]["transfer"]["query"] == EACH_BATCH
    if classifier == "mapping" or (in_turn and "labels" in REGISTRY[run].uses):
        kind = "mapped" if classifier == "mapping" else "folds"
        _write_folds(folder / kind / run / f"seed-{seed}", roles, failed=failed, maps=kind == "mapped")
    predictions = predict(roles, classifier=classifier, embedding=layout, probabilities=probabilities)
    results.predictions[name, classifier, run, seed] = predictions
    predictions.to_parquet(own / "predictions.parquet")
    write_table(score_predictions(predictions), own / "scores.tsv")


def _write_folds(folder: Path, roles: pd.DataFrame, *, failed: bool, maps: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {"seconds_reference": 30.0, "fraction_trained": 0.25} if maps else {}
    of_task = {"seconds": 2.0, "epochs": 5} | mapping
    trained = {} if failed else {task: of_task for task, _, _ in tasks(roles)}
    write_json({"failed": REASON if failed else None, "tasks": trained}, folder / "folds.json")
