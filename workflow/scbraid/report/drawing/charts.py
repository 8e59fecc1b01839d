"""Charts of a benchmark as inline SVG.

Where everything stands is decided in :mod:`scbraid.plots.charts`, once for the page and for files. Files are drawn by
matplotlib, whose SVG has no titles to hover over and no colours for a dark page, and is five times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from scbraid.plots.charts import RADIUS, bio_against_batch, score_against_time
from scbraid.plots.labels import PADDING
from scbraid.report.drawing.colors import on_dark

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.plots.charts import Chart, Mark
    from scbraid.plots.guides import Guide

HEAD = '<svg class="chart" viewBox="0 0 {} {}" role="group" aria-label="{}">'
LINE = '<path class="{}" d="M{:.2f} {:.2f}L{:.2f} {:.2f}"/>'
TEXT = '<text class="{}" x="{:.2f}" y="{:.2f}">{}</text>'
#: outlines around the origin
SHAPES = {
    "circle": "M-1 0a1 1 0 1 1 2 0a1 1 0 1 1-2 0z",
    "diamond": "M0-1.2L1.2 0L0 1.2L-1.2 0z",
    "square": "M-.9-.9H.9V.9H-.9z",
    "triangle": "M0-1.15L1.1 .85H-1.1z",
    "cross": "M-.55-1L0-.45L.55-1L1-.55L.45 0L1 .55L.55 1L0 .45L-.55 1L-1 .55L-.45 0L-1-.55z",
}


def score_charts(summary: pd.DataFrame, *, name: str) -> list[Markup]:
    """Draw the charts that the scores of a data set allow."""
    charts = (bio_against_batch(summary), score_against_time(summary))
    return [draw(chart, title=f"{chart.title} on {name}") for chart in charts if chart is not None]


def draw(chart: Chart, *, title: str) -> Markup:
    """Draw a chart; colours follow the page, and every mark says its values."""
    x_axis, y_axis = chart.x_axis, chart.y_axis
    parts = [Markup(HEAD).format(chart.width, chart.height, title)]
    parts += [_guide(guide) for guide in chart.guides]
    frame = Markup('<path class="axis" d="M{0} {1}V{2}H{3}"/>')
    parts.append(frame.format(x_axis.start, y_axis.end, y_axis.start, x_axis.end))
    for value, text in x_axis.ticks:
        x = x_axis.place(value)
        parts.append(_line("axis", x, y_axis.start, x, y_axis.start + 3))
        parts.append(_text("middle", x, y_axis.start + 12, text))
    for value, text in y_axis.ticks:
        y = y_axis.place(value)
        parts.append(_line("axis", x_axis.start - 3, y, x_axis.start, y))
        parts.append(_text("end", x_axis.start - 5, y + 2.7, text))
    parts.append(_text("middle title", (x_axis.start + x_axis.end) / 2, chart.height - 6, x_axis.title))
    turned = Markup('<text class="middle title" transform="translate(11 {:.2f}) rotate(-90)">{}</text>')
    parts.append(turned.format((y_axis.start + y_axis.end) / 2, y_axis.title))
    if chart.guide_title:
        parts.append(_text("", x_axis.end + 5, y_axis.end - 6, chart.guide_title))
    parts.append(_key(chart))
    parts += [_spread(mark) for mark in chart.marks]
    parts += [_mark(mark) for mark in chart.marks]
    return Markup("").join(parts) + Markup("</svg>")


def _guide(guide: Guide) -> Markup:
    kind = "level" if guide.is_control else "guide"
    text = _text("middle" if guide.anchor == "middle" else "", guide.text_x, guide.text_y + 2.7, guide.name)
    return _line(kind, guide.x0, guide.y0, guide.x1, guide.y1) + text


def _spread(mark: Mark) -> Markup:
    bars = Markup("")
    if mark.x_spread:
        bars += _line("spread", mark.x - mark.x_spread, mark.y, mark.x + mark.x_spread, mark.y)
    if mark.y_spread:
        bars += _line("spread", mark.x, mark.y - mark.y_spread, mark.x, mark.y + mark.y_spread)
    return bars


def _mark(mark: Mark) -> Markup:
    left, top, _, bottom = mark.box
    open_group = Markup('<g class="mark{}" role="img" style="--light:{};--dark:{}"><title>{}</title>')
    group = open_group.format(" control" if mark.is_control else "", mark.color, on_dark(mark.color), mark.tip)
    leader = _line("leader", *mark.leader) if mark.leader else Markup("")
    name = _text("name", left + PADDING, (top + bottom) / 2 + 2.8, mark.name)
    return group + leader + _shape(mark.shape, mark.x, mark.y) + name + Markup("</g>")


def _key(chart: Chart) -> Markup:
    return Markup("").join(
        _shape(shape, x, chart.y_axis.end - 12) + _text("", x + 8, chart.y_axis.end - 9.3, text)
        for shape, text, x in chart.key
    )


def _shape(shape: str, x: float, y: float) -> Markup:
    outline = Markup('<path class="shape" transform="translate({:.2f} {:.2f}) scale({})" d="{}"/>')
    return outline.format(x, y, RADIUS, SHAPES[shape])


def _line(kind: str, x0: float, y0: float, x1: float, y1: float) -> Markup:
    return Markup(LINE).format(kind, x0, y0, x1, y1)


def _text(kind: str, x: float, y: float, text: str) -> Markup:
    return Markup(TEXT).format(kind, x, y, text)
