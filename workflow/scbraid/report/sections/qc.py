"""The section of quality control: what was dropped and why, and the measures of the cells before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from scbraid.plots.qc import DROPPED_COLOR
from scbraid.report.drawing.palettes import cell_palettes
from scbraid.report.drawing.points import scatter_points, spread_out, thinned
from scbraid.report.drawing.violins import violin_columns
from scbraid.report.pages import data_uri

if TYPE_CHECKING:
    from scbraid.report.drawing.points import Points
    from scbraid.report.reading.dataset import DatasetResults

CONTENTS = {"qc": "Quality"}
OUTCOME_COLORS = {"kept": "#9A9A9A", "dropped": DROPPED_COLOR}
REASONS = {
    "no_counts": "no counts at all",
    "log_counts_outlier": "counts far from the batch median",
    "log_genes_outlier": "genes far from the batch median",
    "percent_top_20_outlier": "share of top 20 genes far from the batch median",
    "percent_mitochondrial_outlier": "mitochondrial share far above the batch median",
}


def view(dataset: DatasetResults) -> dict[str, Any]:
    """Prepare tables, violins and scatter plots of the cells before quality control."""
    return {
        "rows": dataset.qc_summary.to_dict("records"),
        "dropped": drop_table(dataset.qc_cells),
        "reasons": REASONS,
        "violins": violin_columns(dataset.qc_cells),
        "cells": qc_points(dataset),
        "batches": cell_palettes(dataset)["batch"],
        "outcomes": OUTCOME_COLORS,
        "figure": data_uri(dataset.folder / "qc" / "scatter.svg"),
    }


def qc_points(dataset: DatasetResults) -> Points:
    """Cells before quality control, by counts, genes and mitochondrial share, with the reason of those dropped."""
    cells = dataset.qc_cells.iloc[thinned(len(dataset.qc_cells))]
    outcome = cells["kept"].map({True: "kept", False: "dropped"})
    pairs = [("log_counts", "log_genes"), ("log_counts", "percent_mitochondrial")]
    return scatter_points(
        cells["cell"],
        palettes={"outcome": OUTCOME_COLORS, "batch": cell_palettes(dataset)["batch"]},
        codes={"outcome": outcome, "batch": cells["batch"]},
        layouts={f"{x}-{y}": spread_out(cells[[x, y]].to_numpy()) for x, y in pairs},
        details={"reason": cells["reason"]},
    )


def drop_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Count dropped cells by batch and reason; a cell with two reasons counts in both."""
    dropped = cells.loc[~cells["kept"], ["batch", "reason"]]
    exploded = dropped.assign(reason=dropped["reason"].str.split(";")).explode("reason")
    counts = pd.crosstab(exploded["batch"], exploded["reason"])
    return counts.reindex(index=sorted(cells["batch"].unique()), fill_value=0)
