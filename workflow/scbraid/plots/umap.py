"""UMAPs of all runs side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from scbraid.plots.style import MISSING_COLOR, batch_colors, label_colors

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


PANELS_A_ROW = 5


def umap_grid(layouts: dict[str, pd.DataFrame], obs: pd.DataFrame) -> Figure:
    """Draw one panel a run (without those that failed), five a row, coloured by batch and, with labels, by label below.

    Cells are drawn in one shuffled order in all panels, so that no batch covers another.
    """
    colorings = {"batch": batch_colors(obs["batch"].astype(str))}
    if "label" in obs:
        colorings["label"] = label_colors(obs["label"].dropna().astype(str))
    layouts = {name: layout for name, layout in layouts.items() if layout.shape[1]}
    order = np.random.default_rng(0).permutation(len(obs))
    columns = max(1, min(len(layouts), PANELS_A_ROW))
    rows = math.ceil(max(1, len(layouts)) / columns)
    size_of_all = (2.8 * columns + 1.6, 2.8 * rows * len(colorings))
    figure, axes = plt.subplots(rows * len(colorings), columns, figsize=size_of_all, squeeze=False)
    size = float(np.clip(6000 / len(obs), 0.3, 12))
    for panels, (column, colors) in zip(np.split(axes, len(colorings)), colorings.items()):
        point_colors = obs[column].astype(object).map(colors).fillna(MISSING_COLOR).to_numpy()
        for axis, (name, layout) in zip(panels.flat, layouts.items()):
            points = layout.to_numpy()
            axis.scatter(*points[order].T, s=size, c=point_colors[order], linewidths=0, rasterized=True)
            axis.set(xticks=[], yticks=[], title=name if rows > 1 or axis in axes[0] else "")
            axis.spines[:].set_visible(False)
        for axis in panels.flat[len(layouts) :]:
            axis.set_axis_off()
        handles = [Line2D([], [], marker="o", ls="", color=color, label=name) for name, color in colors.items()]
        panels[0, -1].legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), title=column, fontsize=8)
    figure.tight_layout()
    return figure
