"""Lines of charts that marks are compared with: equal totals, and the scores of controls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scbraid.metrics.total import BIO_WEIGHT
from scbraid.plots.axes import round_ticks
from scbraid.plots.labels import LINE, text_width

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.plots.axes import Axis

GUIDE_FONT = 7.5
#: from the end of a line to its name, in points
GAP = 5.0
#: a shorter line of equal total is left out, as a share of the width
SHORTEST = 0.06


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A line for orientation; its name starts at (``text_x``, ``text_y``), or has its middle there (``anchor``)."""

    name: str
    x0: float
    y0: float
    x1: float
    y1: float
    text_x: float
    text_y: float
    anchor: str = "start"
    is_control: bool = False


def lines_of_equal_total(x_axis: Axis, y_axis: Axis, *, clear_of: list[tuple[float, float]]) -> tuple[Guide, ...]:
    """Lines on which ``BIO_WEIGHT * bio + (1 - BIO_WEIGHT) * batch`` is the same, at round totals."""
    by_batch, by_bio = 1 - BIO_WEIGHT, BIO_WEIGHT
    lowest, highest = (by_batch * x + by_bio * y for x, y in ((x_axis.low, y_axis.low), (x_axis.high, y_axis.high)))
    guides = []
    for value, text in round_ticks(lowest, highest):
        start = max(x_axis.low, (value - by_bio * y_axis.high) / by_batch)
        end = min(x_axis.high, (value - by_bio * y_axis.low) / by_batch)
        if end - start < SHORTEST * (x_axis.high - x_axis.low):
            continue
        x0, x1 = x_axis.place(start), x_axis.place(end)
        y0, y1 = (y_axis.place((value - by_batch * batch) / by_bio) for batch in (start, end))
        place = (x1 + GAP, y1, "start") if end == x_axis.high else _on_line((x0, y0), (x1, y1), clear_of)
        guides.append(Guide(name=text, x0=x0, y0=y0, x1=x1, y1=y1, text_x=place[0], text_y=place[1], anchor=place[2]))
    return tuple(guides)


def _on_line(
    start: tuple[float, float], end: tuple[float, float], clear_of: list[tuple[float, float]]
) -> tuple[float, float, str]:
    """Place for the name of a line that does not leave on the right: on it, where most room is."""
    places = [
        (end[0] + share * (start[0] - end[0]), end[1] + share * (start[1] - end[1]))
        for share in (0.12, 0.3, 0.5, 0.7, 0.88)
    ]
    return *max(places, key=lambda place: min(math.dist(place, point) for point in clear_of)), "middle"


def levels(controls: pd.DataFrame, score: str, x_axis: Axis, y_axis: Axis) -> tuple[Guide, ...]:
    """One level a control, names moved apart."""
    guides = []
    lowest = -math.inf
    for _, row in controls.sort_values(score, ascending=False).iterrows():
        y = y_axis.place(row[score])
        lowest = max(y, lowest + LINE * GUIDE_FONT)
        guides.append(
            Guide(
                name=row["method"],
                x0=x_axis.start,
                y0=y,
                x1=x_axis.end,
                y1=y,
                text_x=x_axis.end + GAP,
                text_y=lowest,
                is_control=True,
            )
        )
    return tuple(guides)


def guide_box(guide: Guide) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the name of a line."""
    width, half = text_width(guide.name, GUIDE_FONT), LINE * GUIDE_FONT / 2
    left = guide.text_x if guide.anchor == "start" else guide.text_x - width / 2
    return (left, guide.text_y - half, left + width, guide.text_y + half)
