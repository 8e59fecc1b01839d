"""What quality control saw and did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import seaborn as sns

from scbraid.plots.style import MISSING_COLOR, batch_colors

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MEASURES = {
    "log_counts": "log1p counts",
    "log_genes": "log1p genes",
    "percent_top_20": "% counts in top 20 genes",
    "percent_mitochondrial": "% mitochondrial counts",
    "doublet_score": "doublet score",
}
DROPPED_COLOR = "#D55E00"


def violins(cells: pd.DataFrame) -> Figure:
    """Distribution of every measure by batch, all cells above and kept cells below."""
    measures = {name: title for name, title in MEASURES.items() if cells[name].notna().any()}
    states = {"before": cells, "after": cells[cells["kept"]]}
    colors = batch_colors(cells["batch"])
    width = max(2.2, 0.5 * len(colors) + 1)
    figure, axes = plt.subplots(2, len(measures), figsize=(width * len(measures), 5), squeeze=False, sharey="col")
    for row, (state, table) in zip(axes, states.items()):
        for axis, (name, title) in zip(row, measures.items()):
            sns.violinplot(
                table,
                x="batch",
                y=name,
                hue="batch",
                order=list(colors),
                palette=colors,
                ax=axis,
                cut=0,
                inner="quartile",
                linewidth=0.6,
                density_norm="width",
                legend=False,
            )
            axis.set(xlabel="", ylabel=title, title=f"{state} ({len(table):,} cells)")
            axis.tick_params(axis="x", rotation=90)
    figure.tight_layout()
    return figure


def scatter(cells: pd.DataFrame) -> Figure:
    """Plot counts against genes in every batch and mark dropped cells."""
    batches = sorted(cells["batch"].unique())
    columns = min(4, len(batches))
    rows = -(-len(batches) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3 * columns, 2.8 * rows), squeeze=False, sharex=True, sharey=True
    )
    for axis, batch in zip(axes.flat, batches):
        table = cells[cells["batch"] == batch]
        for kept, color, size in ((True, MISSING_COLOR, 4), (False, DROPPED_COLOR, 9)):
            part = table[table["kept"] == kept]
            name = f"{'kept' if kept else 'dropped'} {len(part):,}"
            axis.scatter(part["log_counts"], part["log_genes"], s=size, color=color, label=name, rasterized=True)
        axis.set(title=batch, xlabel="log1p counts", ylabel="log1p genes")
        axis.legend(loc="lower right", markerscale=2, fontsize=8)
    for axis in axes.flat[len(batches) :]:
        axis.remove()
    figure.tight_layout()
    return figure
