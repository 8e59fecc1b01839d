"""Violins of the quality measures: one small SVG for every batch and measure, before and after filtering in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from scbraid.plots.qc import MEASURES

if TYPE_CHECKING:
    import pandas as pd

WIDTH, HEIGHT = 200, 44
POINTS = 56
BINS = 512


@dataclass(frozen=True, kw_only=True)
class ViolinColumn:
    """One measure: title, range of its axis, and a drawing for every batch."""

    measure: str
    title: str
    low: float
    high: float
    drawings: dict[str, Markup]


def violin_columns(cells: pd.DataFrame) -> list[ViolinColumn]:
    """Draw the distribution of every measure in every batch.

    The outline holds all cells, the filled shape those that were kept, on one scale, so that the empty part of the
    outline is what filtering took away. A line marks the median of the kept cells. A measure that is the same in all
    cells is left out.
    """
    columns = []
    for measure, title in MEASURES.items():
        known = cells[cells[measure].notna()]
        if known[measure].nunique() < 2:
            continue
        low, high = float(known[measure].min()), float(known[measure].max())
        drawings = {}
        for batch in sorted(cells["batch"].unique()):
            of_batch = known[known["batch"] == batch]
            values = of_batch[measure].to_numpy()
            drawings[batch] = _draw(values, values[of_batch["kept"].to_numpy()], low, high, f"{title}, {batch}")
        columns.append(ViolinColumn(measure=measure, title=title, low=low, high=high, drawings=drawings))
    return columns


def density(values: np.ndarray, at: np.ndarray, *, bandwidth: float) -> np.ndarray:
    """Sum of Gaussian kernels on binned values, scaled by the number of values."""
    if len(values) == 0:
        return np.zeros_like(at)
    counts, edges = np.histogram(values, bins=BINS, range=(at[0], at[-1]))
    middles = (edges[:-1] + edges[1:]) / 2
    kernels = np.exp(-0.5 * ((at[:, None] - middles) / bandwidth) ** 2)
    return kernels @ counts


def _draw(before: np.ndarray, after: np.ndarray, low: float, high: float, title: str) -> Markup:
    head = Markup(
        '<svg class="violin" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">'
    ).format(WIDTH, HEIGHT, title)
    if len(before) == 0:
        return head + Markup("</svg>")
    grid = np.linspace(low, high, POINTS)
    # Scott's rule; never so narrow that a spike falls between two points of the grid
    bandwidth = max(float(before.std()) * len(before) ** -0.2, (high - low) / POINTS)
    shapes = [density(values, grid, bandwidth=bandwidth) for values in (before, after)]
    top = shapes[0].max()
    paths = [
        Markup('<path class="{}" d="{}"/>').format(state, _outline(shape / top))
        for state, shape in zip(("before", "after"), shapes)
    ]
    middle = (np.median(after) - low) / (high - low) * WIDTH if len(after) else None
    line = (
        Markup('<path class="median" d="M{:.1f} 8V{}"/>').format(middle, HEIGHT - 8)
        if middle is not None
        else Markup("")
    )
    return head + Markup("").join(paths) + line + Markup("</svg>")


def _outline(shares: np.ndarray) -> str:
    """Path of a shape that is as high above as below the middle of the drawing."""
    seen = np.flatnonzero(shares > 0.004)
    if len(seen) == 0:
        return ""
    span = slice(seen[0], seen[-1] + 1)
    x = np.linspace(0, WIDTH, POINTS)[span]
    half = shares[span] * (HEIGHT / 2 - 2)
    upper = [f"{a:.1f} {HEIGHT / 2 - b:.1f}" for a, b in zip(x, half)]
    lower = [f"{a:.1f} {HEIGHT / 2 + b:.1f}" for a, b in zip(x[::-1], half[::-1])]
    return f"M{'L'.join(upper + lower)}Z"
