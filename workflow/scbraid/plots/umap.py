"""UMAPs of all runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from scbraid.plots.style import MISSING_COLOR, batch_colors, label_colors

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def umap_grid(layouts: dict[str, pd.DataFrame], obs: pd.DataFrame) -> Figure:
    """Draw one column a run (without those that failed); one row coloured by batch and, with labels, one by label.

    Cells are drawn in one shuffled order in all panels, so that no batch covers another.
    """
    colorings = {"batch": batch_colors(obs["batch"].astype(str))}
    if "label" in obs:
        colorings["label"] = label_colors(obs["label"].dropna().astype(str))
    layouts = {name: layout for name, layout in layouts.items() if layout.shape[1]}
    order = np.random.default_rng(0).permutation(len(obs))
    figure, axes = plt.subplots(
        len(colorings), max(1, len(layouts)), figsize=(2.8 * len(layouts) + 1.6, 2.8 * len(colorings)), squeeze=False
    )
    size = float(np.clip(6000 / len(obs), 0.3, 12))
    for row, (column, colors) in zip(axes, colorings.items()):
        point_colors = obs[column].astype(object).map(colors).fillna(MISSING_COLOR).to_numpy()
        for axis, (name, layout) in zip(row, layouts.items()):
            points = layout.to_numpy()
            axis.scatter(*points[order].T, s=size, c=point_colors[order], linewidths=0, rasterized=True)
            axis.set(xticks=[], yticks=[], title=name if axis in axes[0] else "")
            axis.spines[:].set_visible(False)
        handles = [Line2D([], [], marker="o", ls="", color=color, label=name) for name, color in colors.items()]
        row[-1].legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), title=column, fontsize=8)
    figure.tight_layout()
    return figure
