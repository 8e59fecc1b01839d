"""The score table as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from scbraid.benchmark import SCORES
from scbraid.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def score_table(summary: pd.DataFrame) -> Figure:
    """Draw one row a run and one column a metric, aggregate scores last; colour runs from 0 to 1.

    Numbers are raw values, means over seeds with their standard deviation below where there are several.
    """
    groups = {"bio": "bio conservation", "batch": "batch correction"}
    metrics = [name for name in METRICS if name in summary]
    columns = [*metrics, *[name for name in SCORES if summary[name].notna().any()]]
    values = summary.set_index("method")[columns].astype(float)
    figure, axis = plt.subplots(figsize=(0.62 * len(columns) + 2, 0.42 * len(values) + 1.8))
    axis.imshow(values.to_numpy(), vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for row, column in [(i, j) for i in range(values.shape[0]) for j in range(values.shape[1])]:
        value, spread = values.iat[row, column], summary[f"{columns[column]}_sd"].iat[row]
        if value == value:
            text = f"{value:.2f}" if spread != spread else f"{value:.2f}\n±{spread:.2f}"
            color = "white" if value < 0.6 else "black"
            axis.text(column, row, text, ha="center", va="center", color=color, fontsize=7 if "±" in text else None)
    axis.set_xticks(range(len(columns)), [name.replace("_", " ") for name in columns], rotation=45, ha="left")
    failed = summary.set_index("method")["seeds"] == 0
    axis.set_yticks(range(len(values)), [f"{name} (failed)" if failed[name] else name for name in values.index])
    axis.xaxis.tick_top()
    axis.spines[:].set_visible(False)
    axis.axvline(len(metrics) - 0.5, color="white", lw=4)
    for group, title in groups.items():
        members = [i for i, name in enumerate(metrics) if METRICS[name].group == group]
        if members:
            middle = (members[0] + members[-1]) / 2
            axis.text(middle, len(values) - 0.35, title, ha="center", va="top", fontsize=8, color="0.35")
    return figure
