"""Training curves as inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from scbraid.text import compact

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.report.reading.dataset import DatasetResults

#: columns of history.tsv that follow from settings or the machine, not from learning
NOT_CURVES = ("epoch", "stage", "cells_per_second", "kl_weight", "learning_rate", "seconds")
WIDTH, HEIGHT = 260, 130
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 8, 20
MAX_POINTS = 400


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One quantity of one method over epochs, all seeds in one drawing."""

    method: str
    quantity: str
    svg: Markup
    last: float


def training_curves(dataset: DatasetResults) -> dict[str, list[Curve]]:
    """Draw what each training method learned, under its name; quantities that never change are left out."""
    histories: dict[str, list[pd.DataFrame]] = {}
    for run in dataset.runs:
        if run.history is not None and len(run.history):
            histories.setdefault(run.name, []).append(run.history)
    return {method: _curves(method, tables) for method, tables in histories.items()}


def _curves(method: str, tables: list[pd.DataFrame]) -> list[Curve]:
    quantities = [name for name in tables[0].columns if name not in NOT_CURVES and tables[0][name].nunique() > 1]
    curves = []
    for quantity in quantities:
        lines = [table[["epoch", quantity]].dropna().to_numpy(dtype=float) for table in tables if quantity in table]
        lines = [line for line in lines if len(line)]
        svg = draw_lines(lines, title=f"{quantity} of {method} over epochs")
        curves.append(Curve(method=method, quantity=quantity, svg=svg, last=float(lines[0][-1, 1])))
    return curves


def draw_lines(lines: list[np.ndarray], *, title: str) -> Markup:
    """Draw lines of (epoch, value) over the full range of both."""
    points = np.vstack(lines)
    (x_low, y_low), (x_high, y_high) = points.min(axis=0), points.max(axis=0)
    scale = np.array([_reciprocal(x_high - x_low), _reciprocal(y_high - y_low)])

    def place(line: np.ndarray) -> str:
        step = -(-len(line) // MAX_POINTS)
        share = (np.vstack([line[::step], line[-1:]]) - [x_low, y_low]) * scale
        x = LEFT + share[:, 0] * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - share[:, 1] * (HEIGHT - TOP - BOTTOM)
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))

    floor = HEIGHT - BOTTOM
    head = Markup('<svg class="curve" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>').format(
        WIDTH, HEIGHT, title, title
    )
    axes = Markup('<path class="axis" d="M{} {}V{}H{}"/>').format(LEFT, TOP, floor, WIDTH - RIGHT)
    ticks = [
        (LEFT - 6, TOP + 7, "end", y_high),
        (LEFT - 6, floor, "end", y_low),
        (LEFT, HEIGHT - 5, "start", x_low),
        (WIDTH - RIGHT, HEIGHT - 5, "end", x_high),
    ]
    texts = Markup("").join(
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, compact(value))
        for x, y, anchor, value in ticks
    )
    middle = Markup('<text x="{}" y="{}" text-anchor="middle">epoch</text>').format((LEFT + WIDTH) / 2, HEIGHT - 5)
    drawn = Markup("").join(Markup('<polyline points="{}"/>').format(place(line)) for line in lines)
    return head + axes + texts + middle + drawn + Markup("</svg>")


def _reciprocal(span: float) -> float:
    return 1 / span if span > 0 else 0.0
