"""The section of genes: how many were selected, which come first, and what tells them from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scbraid.plots.style import LABEL_COLORS
from scbraid.report.drawing.palettes import cell_palettes
from scbraid.report.drawing.points import scatter_points, spread_out

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.report.drawing.points import Points
    from scbraid.report.reading.dataset import DatasetResults

CONTENTS = {"genes": "Genes"}
#: columns of genes.tsv that show why genes were selected, by flavour
AXES = (("means", "variances_norm"), ("means", "dispersions_norm"))
FATE_COLORS = {"not selected": "#9A9A9A", "selected": LABEL_COLORS[0]}


def view(dataset: DatasetResults) -> dict[str, Any]:
    """Prepare counts of genes and their scatter plot."""
    return {
        "facts": gene_facts(dataset.genes),
        "scatter": gene_points(dataset.genes),
        "fates": FATE_COLORS,
        "n_batches": len(cell_palettes(dataset)["batch"]),
    }


def gene_facts(genes: pd.DataFrame, n_top: int = 30) -> dict[str, Any]:
    """Count genes by what became of them, and name the most variable of the selected."""
    selected = genes[genes["selected"]]
    facts: dict[str, Any] = {
        "all": len(genes),
        "selected": len(selected),
        "excluded": int(genes["excluded"].sum()),
        "by_batches": {},
        "top": [],
    }
    if "highly_variable_nbatches" in genes:
        counts = selected["highly_variable_nbatches"].value_counts().sort_index(ascending=False)
        facts["by_batches"] = {int(batches): int(number) for batches, number in counts.items()}
        by = ["highly_variable_nbatches"]
        ascending = [False]
        for column, direction in (("highly_variable_rank", True), ("dispersions_norm", False)):
            if column in genes:
                by, ascending = [*by, column], [*ascending, direction]
        facts["top"] = list(selected.sort_values(by, ascending=ascending, kind="stable")["gene"].head(n_top))
    return facts


def gene_points(genes: pd.DataFrame) -> Points | None:
    """Genes by mean and variability; None where genes came from a list."""
    axes = next((pair for pair in AXES if set(pair) <= set(genes)), None)
    if axes is None:
        return None
    genes = genes.dropna(subset=list(axes))
    fate = genes["selected"].map({True: "selected", False: "not selected"})
    mean, variability = axes
    points = np.column_stack([np.log1p(genes[mean].clip(lower=0)), genes[variability]])
    return scatter_points(
        genes["gene"], palettes={"fate": FATE_COLORS}, codes={"fate": fate}, layouts={"genes": spread_out(points)}
    )
