"""Everything the report shows of a data set, read from the results folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scbraid.data.h5ad import read_obs
from scbraid.files import read_json, read_table
from scbraid.report.reading.runs import RunResults, TransferResults, read_run, read_transfers
from scbraid.transfer.tasks import EACH_BATCH

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from scbraid.config.schema import Config


@dataclass(frozen=True, kw_only=True)
class DatasetResults:
    """One data set with all its runs, those of the unintegrated baseline first, then by rank.

    Transfers stand in the order of the config's classifiers, those of a classifier in the order of the runs. What one
    section alone shows may as well be read there, from the folder of the data set.
    """

    folder: Path
    config: Config
    name: str
    settings: Config
    source: dict[str, Any]
    qc_cells: pd.DataFrame
    qc_summary: pd.DataFrame
    genes: pd.DataFrame
    obs: pd.DataFrame
    summary: pd.DataFrame
    metrics: pd.DataFrame
    n_scored: int
    runs: tuple[RunResults, ...]
    transfers: tuple[TransferResults, ...]

    @property
    def baseline(self) -> str | None:
        """Name of the run that is the unintegrated PCA, if there is one."""
        return baseline_run(self.config)

    @property
    def n_cells(self) -> int:
        """Cells after quality control."""
        return len(self.obs)

    @property
    def has_labels(self) -> bool:
        """Whether cells have labels."""
        return "label" in self.obs

    @property
    def first_runs(self) -> tuple[RunResults, ...]:
        """The first seed of every method that did not fail; the first of all where every seed failed."""
        first: dict[str, RunResults] = {}
        for run in self.runs:
            if run.name not in first or (run.has_layout and not first[run.name].has_layout):
                first[run.name] = run
        return tuple(first.values())


def read_dataset(
    results: Path,
    name: str,
    *,
    config: Config,
    runs: list[tuple[str, int]],
    transfers: list[tuple[str, str, int]],
) -> DatasetResults:
    """Read the results of a data set.

    Parameters
    ----------
    results
        Folder with one folder a data set.
    name
        Data set.
    config
        From :func:`scbraid.config.resolve.resolve`.
    runs
        Name and seed of every run.
    transfers
        Classifier, name of the run and seed of every label transfer.
    """
    folder = results / name
    settings = config["datasets"][name]
    summary = read_table(folder / "benchmark" / "summary.tsv", names=("method", "device", "failed"))
    rank = {method: place for place, method in enumerate(summary["method"])}
    first = baseline_run(config)
    ordered = sorted(runs, key=lambda run: (run[0] != first, rank[run[0]]))
    read_runs = tuple(read_run(folder, method, seed) for method, seed in ordered)
    return DatasetResults(
        folder=folder,
        config=config,
        name=name,
        settings=settings,
        source=read_json(folder / "source.json"),
        qc_cells=read_table(folder / "qc" / "cells.tsv.gz", names=("cell", "batch", "reason")),
        qc_summary=read_table(folder / "qc" / "summary.tsv", names=("batch",)),
        genes=read_table(folder / "features" / "genes.tsv", names=("gene",)),
        obs=read_obs(folder / "features" / "hvg.h5ad"),
        summary=summary,
        metrics=read_table(folder / "benchmark" / "metrics.tsv", names=("method", "metric", "group")),
        n_scored=len(read_table(folder / "benchmark" / "cells.tsv.gz", names=("cell", "batch", "label"))),
        runs=read_runs,
        transfers=read_transfers(folder, read_runs, transfers, in_turn=is_in_turn(settings)),
    )


def is_in_turn(settings: Config) -> bool:
    """Whether the label transfer takes every batch as a query once."""
    return settings["transfer"] is not None and settings["transfer"]["query"] == EACH_BATCH


def baseline_run(config: Config) -> str | None:
    """Name of the run that is the unintegrated PCA, if the config has one."""
    return next((run for run, entry in config["methods"].items() if entry["method"] == "pca"), None)
