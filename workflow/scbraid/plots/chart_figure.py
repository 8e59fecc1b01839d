"""Charts as matplotlib figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from scbraid.plots.charts import FONT, RADIUS
from scbraid.plots.guides import GUIDE_FONT
from scbraid.plots.labels import PADDING, text_width
from scbraid.plots.style import INK, RULE, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scbraid.plots.charts import Chart, Mark

SHAPES = {"circle": "o", "diamond": "D", "square": "s", "triangle": "^", "cross": "X"}
#: matplotlib gives markers the height of their square, and some look larger than a circle then
SIZES = {"diamond": 1.6, "square": 1.75, "cross": 2.1}
POINTS_PER_INCH = 72
NOTHING = "No run has the scores that this chart compares."
#: what keeps text readable where it crosses a line; a path effect would turn it into outlines in an .svg
HALO = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}


def chart_figure(chart: Chart | None) -> Figure:
    """Draw a chart, one unit of its coordinates a point; where there is none, as without labels, say so."""
    if chart is None:
        figure, axis = blank_figure(text_width(NOTHING, FONT), 2 * FONT)
        axis.text(0, FONT, NOTHING, va="center", color=SOFT, fontsize=FONT)
        return figure
    figure, axis = blank_figure(chart.width, chart.height)
    x_axis, y_axis = chart.x_axis, chart.y_axis
    axis.plot([x_axis.start, x_axis.start, x_axis.end], [y_axis.end, y_axis.start, y_axis.start], color=SOFT, lw=0.8)
    for value, text in x_axis.ticks:
        x = x_axis.place(value)
        axis.plot([x, x], [y_axis.start, y_axis.start + 3], color=SOFT, lw=0.8)
        axis.text(x, y_axis.start + 5, text, ha="center", va="top", color=SOFT, fontsize=GUIDE_FONT)
    for value, text in y_axis.ticks:
        y = y_axis.place(value)
        axis.plot([x_axis.start - 3, x_axis.start], [y, y], color=SOFT, lw=0.8)
        axis.text(x_axis.start - 5, y, text, ha="right", va="center", color=SOFT, fontsize=GUIDE_FONT)
    middle = (x_axis.start + x_axis.end) / 2
    axis.text(middle, chart.height - 4, x_axis.title, ha="center", va="bottom", fontsize=FONT, color=INK)
    middle = (y_axis.start + y_axis.end) / 2
    axis.text(4, middle, y_axis.title, rotation=90, ha="left", va="center", fontsize=FONT, color=INK)
    _draw_guides(axis, chart)
    for mark in chart.marks:
        _draw_mark(axis, mark)
    _draw_key(axis, chart)
    return figure


def blank_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Open a figure whose one axes covers it, in points from the top left."""
    figure = plt.figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axis.set_axis_off()
    return figure, axis


def _draw_guides(axis: Axes, chart: Chart) -> None:
    for guide in chart.guides:
        style = {"color": SOFT, "ls": (0, (4, 3))} if guide.is_control else {"color": RULE}
        axis.plot([guide.x0, guide.x1], [guide.y0, guide.y1], lw=0.8, zorder=1, **style)
        side = "left" if guide.anchor == "start" else "center"
        axis.text(
            guide.text_x, guide.text_y, guide.name, ha=side, va="center", color=SOFT, fontsize=GUIDE_FONT, bbox=HALO
        )
    if chart.guide_title:
        end = chart.x_axis.end + 5
        axis.text(end, chart.y_axis.end - 8, chart.guide_title, va="center", color=SOFT, fontsize=GUIDE_FONT)


def _draw_mark(axis: Axes, mark: Mark) -> None:
    axis.plot([mark.x - mark.x_spread, mark.x + mark.x_spread], [mark.y, mark.y], color=SOFT, lw=0.9, zorder=2)
    axis.plot([mark.x, mark.x], [mark.y - mark.y_spread, mark.y + mark.y_spread], color=SOFT, lw=0.9, zorder=2)
    _draw_shape(axis, mark.shape, mark.x, mark.y, mark.color)
    if mark.leader:
        x0, y0, x1, y1 = mark.leader
        axis.plot([x0, x1], [y0, y1], color=SOFT, lw=0.5, zorder=2)
    left, top, _, bottom = mark.box
    color = SOFT if mark.is_control else INK
    y = (top + bottom) / 2
    axis.text(left + PADDING, y, mark.name, va="center_baseline", color=color, fontsize=FONT, zorder=1.5, bbox=HALO)


def _draw_shape(axis: Axes, shape: str, x: float, y: float, color: str) -> None:
    size = SIZES.get(shape, 2.0) * RADIUS
    axis.plot([x], [y], SHAPES[shape], ms=size, mfc=color, mec=INK, mew=0.5, zorder=3)


def _draw_key(axis: Axes, chart: Chart) -> None:
    y = chart.y_axis.end - 12
    for shape, text, x in chart.key:
        _draw_shape(axis, shape, x, y, "white")
        axis.text(x + 8, y, text, va="center", color=SOFT, fontsize=GUIDE_FONT)
