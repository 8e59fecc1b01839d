"""Put the report together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import scbraid
from scbraid.report import text
from scbraid.report.answer import answer
from scbraid.report.colors import on_dark
from scbraid.report.curves import training_curves
from scbraid.report.points import (
    FATE_COLORS,
    OUTCOME_COLORS,
    cell_palettes,
    gene_points,
    prediction_palette,
    qc_points,
    umap_points,
)
from scbraid.report.results import DatasetResults, baseline_run, read_dataset
from scbraid.report.tables import GROUPS, REASONS, drop_table, gene_facts, score_columns, versions
from scbraid.report.transfer import transfer_view
from scbraid.report.transfer_scores import PER_LABEL
from scbraid.report.violins import violin_columns

if TYPE_CHECKING:
    from scbraid.config import Config

TEMPLATES = Path(__file__).with_name("templates")


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
        From :func:`scbraid.config.resolve`.
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
        _environment()
        .get_template("report.html.j2")
        .render(
            datasets=datasets,
            config=yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
            baseline=baseline_run(config),
            seeds=config["seeds"],
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
        "n_all_cells": len(dataset.qc_cells),
        "summary": dataset.summary.to_dict("records"),
        "columns": score_columns(dataset.summary),
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


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(text, name) for name in ("exact", "decimals", "count", "compact", "duration", "megabytes")
    }
    environment.filters["on_dark"] = on_dark
    environment.tests["missing"] = text.is_missing
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": True, "separators": (",", ":")}
    environment.globals["asset"] = _asset
    return environment


def _asset(name: str) -> Markup:
    """Read a style sheet or script of this package, to stand in the page as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))
