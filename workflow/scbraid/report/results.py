"""Everything the report shows of a data set, read from the results folder."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbraid.files import read_embedding, read_json, read_obs, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from scbraid.config import Config


@dataclass(frozen=True, kw_only=True)
class RunResults:
    """One method with one seed.

    Attributes
    ----------
    facts
        run.json.
    history
        One row an epoch; None for methods that do not train.
    layout
        Cells x 2, UMAP.
    predictions, transfer_scores
        Of label transfer; None without it.
    """

    name: str
    seed: int
    facts: dict[str, Any]
    history: pd.DataFrame | None
    layout: pd.DataFrame
    predictions: pd.DataFrame | None
    transfer_scores: pd.DataFrame | None


@dataclass(frozen=True, kw_only=True)
class DatasetResults:
    """One data set with all its runs, those of the unintegrated baseline first, then by rank."""

    name: str
    settings: Config
    source: dict[str, Any]
    qc_cells: pd.DataFrame
    qc_summary: pd.DataFrame
    genes: pd.DataFrame
    obs: pd.DataFrame
    summary: pd.DataFrame
    runs: tuple[RunResults, ...]
    figures: dict[str, str]

    @property
    def has_labels(self) -> bool:
        """Whether cells have labels."""
        return "label" in self.obs

    @property
    def first_runs(self) -> tuple[RunResults, ...]:
        """The first seed of every method."""
        first: dict[str, RunResults] = {}
        for run in self.runs:
            first.setdefault(run.name, run)
        return tuple(first.values())


def read_dataset(results: Path, name: str, *, config: Config, runs: list[tuple[str, int]]) -> DatasetResults:
    """Read the results of a data set.

    Parameters
    ----------
    results
        Folder with one folder a data set.
    name
        Data set.
    config
        From :func:`scbraid.config.resolve`.
    runs
        Name and seed of every run.
    """
    folder = results / name
    settings = config["datasets"][name]
    summary = read_table(folder / "benchmark" / "summary.tsv", names=("method", "device"))
    rank = {method: place for place, method in enumerate(summary["method"])}
    first = baseline_run(config)
    ordered = sorted(runs, key=lambda run: (run[0] != first, rank[run[0]]))
    transfers = settings["transfer"] is not None
    figures = {"scatter": "qc/scatter.svg", "umap": "benchmark/umap.svg"}
    return DatasetResults(
        name=name,
        settings=settings,
        source=read_json(folder / "source.json"),
        qc_cells=read_table(folder / "qc" / "cells.tsv.gz", names=("cell", "batch", "reason")),
        qc_summary=read_table(folder / "qc" / "summary.tsv", names=("batch",)),
        genes=read_table(folder / "features" / "genes.tsv", names=("gene",)),
        obs=read_obs(folder / "features" / "hvg.h5ad"),
        summary=summary,
        runs=tuple(_read_run(folder, method, seed, transfers=transfers) for method, seed in ordered),
        figures={figure: _data_uri(folder / path) for figure, path in figures.items()},
    )


def baseline_run(config: Config) -> str | None:
    """Name of the run that is the unintegrated PCA, if the config has one."""
    return next((run for run, entry in config["methods"].items() if entry["method"] == "pca"), None)


def _read_run(folder: Path, method: str, seed: int, *, transfers: bool) -> RunResults:
    run = folder / "runs" / method / f"seed-{seed}"
    transfer = folder / "transfer" / "knn" / method / f"seed-{seed}"
    history = run / "history.tsv"
    return RunResults(
        name=method,
        seed=seed,
        facts=read_json(run / "run.json"),
        history=read_table(history) if history.is_file() else None,
        layout=read_embedding(run / "umap.parquet"),
        predictions=pd.read_parquet(transfer / "predictions.parquet") if transfers else None,
        transfer_scores=read_table(transfer / "scores.tsv", names=("score", "label")) if transfers else None,
    )


def _data_uri(path: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
