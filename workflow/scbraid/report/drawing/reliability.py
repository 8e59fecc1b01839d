"""Reliability of predicted probabilities as inline SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from scbraid.text import count, decimals

if TYPE_CHECKING:
    import pandas as pd

SIDE = 180
LEFT, TOP, RIGHT, BOTTOM = 40, 12, 12, 36
SMALLEST, LARGEST = 2.0, 9.0
TICKS = (0.0, 0.5, 1.0)


def reliability_plot(bins: pd.DataFrame, *, title: str) -> Markup:
    """Draw the share of right predictions against their mean probability; a calibrated classifier is on the diagonal.

    Parameters
    ----------
    bins
        low, high, probability (mean), accuracy and cells of every bin, from
        :func:`scbraid.transfer.scores.reliability`; bins without cells are left out.
    title
        What a screen reader says.
    """
    bins = bins[bins["cells"] > 0]
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
    head = Markup(
        '<svg class="reliability" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
    )
    parts = [head.format(width, height, title)]
    parts.append(Markup('<path class="axis" d="M{} {}V{}H{}"/>').format(LEFT, TOP, TOP + SIDE, LEFT + SIDE))
    parts.append(Markup('<path class="diagonal" d="M{} {}L{} {}"/>').format(*place(0, 0), *place(1, 1)))
    for tick in TICKS:
        (x, _), (_, y) = place(tick, 0), place(0, tick)
        parts.append(Markup('<text x="{}" y="{}" class="row">{:g}</text>').format(LEFT - 6, y + 4, tick))
        parts.append(Markup('<text x="{}" y="{}" class="middle">{:g}</text>').format(x, TOP + SIDE + 15, tick))
    middle = TOP + SIDE / 2
    parts.append(Markup('<text x="{}" y="{}" class="middle">probability</text>').format(LEFT + SIDE / 2, height - 6))
    parts.append(
        Markup('<text class="middle" transform="translate(10 {}) rotate(-90)">share right</text>').format(middle)
    )
    most = bins["cells"].max() if len(bins) else 1
    for row in bins.itertuples():
        x, y = place(row.probability, row.accuracy)
        parts.append(Markup('<path class="gap" d="M{:.2f} {:.2f}V{:.2f}"/>').format(x, place(0, row.probability)[1], y))
        radius = SMALLEST + (LARGEST - SMALLEST) * np.sqrt(row.cells / most)
        tip = (
            f"probability {row.low:g} to {row.high:g}: {count(row.cells)} cells, mean {decimals(row.probability)}, "
            f"{decimals(row.accuracy)} right"
        )
        dot = Markup('<circle cx="{:.2f}" cy="{:.2f}" r="{:.2f}"><title>{}</title></circle>')
        parts.append(dot.format(x, y, radius, tip))
    return Markup("").join(parts) + Markup("</svg>")


def place(probability: float, accuracy: float) -> tuple[float, float]:
    """Where a point stands in the drawing."""
    return LEFT + SIDE * probability, TOP + SIDE * (1 - accuracy)
