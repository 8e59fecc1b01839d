"""Put the report together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scbraid
from scbraid.metrics import GROUPS
from scbraid.report.drawing.charts import score_charts
from scbraid.report.drawing.curves import training_curves
from scbraid.report.drawing.points import (
    FATE_COLORS,
    OUTCOME_COLORS,
    cell_palettes,
    gene_points,
    prediction_palette,
    qc_points,
    umap_points,
)
from scbraid.report.drawing.violins import violin_columns
from scbraid.report.pages import config_text, environment
from scbraid.report.reading.dataset import DatasetResults, baseline_run, read_dataset
from scbraid.report.sections.answer import answer
from scbraid.report.sections.scores import REASONS, drop_table, gene_facts, intervals, score_columns, versions
from scbraid.report.sections.transfer import transfer_view
from scbraid.report.sections.transfer_scores import PER_LABEL

if TYPE_CHECKING:
    from pathlib import Path

    from scbraid.config.schema import Config


def write_report(
    results: Path,
    output: Path,
    *,
    config: Config,
    runs: list[tuple[str, int]],
    transfers: dict[str, list[tuple[str, str, int]]],
) -> None:
    """Write the report of all data sets as one HTML file that needs no network.

    The same results give the same bytes.

    Parameters
    ----------
    results
        Folder with one folder a data set.
    output
        File to write.
    config
        From :func:`scbraid.config.resolve.resolve`.
    runs
        Name and seed of every run.
    transfers
        For every data set the label transfers: classifier, name of the run and seed.
    """
    datasets = [
        dataset_view(read_dataset(results, name, config=config, runs=runs, transfers=transfers[name]), config)
        for name in config["datasets"]
    ]
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            datasets=datasets,
            config=config_text(config),
            baseline=baseline_run(config),
            seeds=config["seeds"],
            engine=config["metrics"]["engine"],
            version=scbraid.__version__,
            groups=GROUPS,
            reasons=REASONS,
            per_label=PER_LABEL,
            transfer_settings=config["transfer"],
        )
    )
    output.write_text(page, encoding="utf-8")


def dataset_view(dataset: DatasetResults, config: Config) -> dict[str, Any]:
    """Prepare what the templates show of a data set."""
    transfer = transfer_view(dataset)
    return {
        "name": dataset.name,
        "settings": dataset.settings,
        "source": dataset.source,
        "has_labels": dataset.has_labels,
        "answer": answer(dataset.summary, name=dataset.name, config=config),
        "palettes": cell_palettes(dataset),
        "umap_points": umap_points(dataset),
        "qc_points": qc_points(dataset),
        "gene_points": gene_points(dataset),
        "n_cells": len(dataset.obs),
        "n_scored": dataset.n_scored,
        "n_all_cells": len(dataset.qc_cells),
        "summary": dataset.summary.to_dict("records"),
        "columns": score_columns(dataset.summary),
        "intervals": intervals(dataset.metrics),
        "score_charts": score_charts(dataset.summary, name=dataset.name),
        "qc": dataset.qc_summary.to_dict("records"),
        "outcomes": OUTCOME_COLORS,
        "fates": FATE_COLORS,
        "violins": violin_columns(dataset.qc_cells),
        "dropped": drop_table(dataset.qc_cells),
        "genes": gene_facts(dataset.genes),
        "runs": dataset.runs,
        "first_runs": dataset.first_runs,
        "transfer": transfer,
        "prediction_palette": prediction_palette(dataset) if transfer else {},
        "curves": training_curves(dataset),
        "versions": versions(dataset),
        "figures": dataset.figures,
    }
