"""UMAPs of mapped cells among those of their reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from scbraid.plots.style import MISSING_COLOR, batch_colors, label_colors

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BESIDE: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5), "fontsize": 8}


def mapped_umaps(layout: pd.DataFrame, reference: pd.DataFrame, query: pd.DataFrame) -> Figure:
    """Draw the layout by role and batch and, where the reference has labels, by label, prediction and uncertainty.

    Parameters
    ----------
    layout
        From :func:`scbraid.mapping.joint.joint_layout`.
    reference
        ``label`` of its cells, in the order of the layout.
    query
        ``batch`` and, with labels, ``prediction`` and ``uncertainty``, in the order of the layout.
    """
    is_query = (layout["role"] == "query").to_numpy()
    old, new = (layout.loc[chosen, ["0", "1"]].to_numpy() for chosen in (~is_query, is_query))
    has_labels = "prediction" in query
    figure, axes = plt.subplots(2 if has_labels else 1, 2, figsize=(9.5, 6.6 if has_labels else 3.3), squeeze=False)
    size = float(np.clip(6000 / len(layout), 0.3, 12))
    batches = query["batch"].astype(str)
    colors = batch_colors(batches)
    _draw(axes[0, 0], [(old, MISSING_COLOR), (new, "#0072B2")], size, title="role")
    _legend(axes[0, 0], {"reference": MISSING_COLOR, "query": "#0072B2"})
    _draw(axes[0, 1], [(old, MISSING_COLOR), (new, batches.map(colors).to_numpy(object))], size, title="batch of query")
    _legend(axes[0, 1], colors)
    if has_labels:
        palette = label_colors([*reference["label"].dropna(), *query["prediction"].astype(str)])
        labels = reference["label"].astype(object).map(palette).fillna(MISSING_COLOR).to_numpy()
        predictions = query["prediction"].astype(object).map(palette).to_numpy()
        everything = [(np.vstack([old, new]), np.concatenate([labels, predictions]))]
        _draw(axes[1, 0], everything, size, title="label of reference, prediction of query")
        _legend(axes[1, 0], palette)
        _draw(axes[1, 1], [(old, MISSING_COLOR)], size, title="uncertainty of query")
        order = np.argsort(query["uncertainty"].to_numpy(), kind="stable")
        drawn = axes[1, 1].scatter(
            *new[order].T, s=size, c=query["uncertainty"].to_numpy()[order], vmin=0, vmax=1, cmap="viridis_r",
            linewidths=0, rasterized=True,
        )  # fmt: skip
        figure.colorbar(drawn, ax=axes[1, 1], fraction=0.04)
    figure.tight_layout()
    return figure


def _draw(axis: Axes, groups: Sequence[tuple[np.ndarray, str | np.ndarray]], size: float, *, title: str) -> None:
    """Draw groups of points one upon the other, each in a shuffled order of its own."""
    for points, colors in groups:
        order = np.random.default_rng(0).permutation(len(points))
        shown = colors if isinstance(colors, str) else colors[order]
        axis.scatter(points[order, 0], points[order, 1], s=size, c=shown, linewidths=0, rasterized=True)
    axis.set(xticks=[], yticks=[], title=title)
    axis.spines[:].set_visible(False)


def _legend(axis: Axes, colors: dict[str, str]) -> None:
    handles = [Line2D([], [], marker="o", ls="", color=color, label=name) for name, color in colors.items()]
    axis.legend(handles=handles, **BESIDE)
