"""The score table as a figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle, Rectangle

from scbraid.plots.chart_figure import blank_figure
from scbraid.plots.labels import text_width
from scbraid.plots.score_columns import FONT, FULL, NAME_FONT, SPACE, Column, Group, lay_out
from scbraid.plots.style import INK, RULE, SOFT, luminance
from scbraid.text import MISSING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST = 18.0
SPREAD_LINE = 8.5
TITLE_LINE = 16.0
SECTION_LINE = 15.0
BAR_HEIGHT = 11.0
#: how strongly bars and the circles of metrics outside the total are coloured
BAR_SHARE, ASIDE_SHARE = 0.32, 0.45
#: luminance of colours that need white text
DARK = 0.27
NOTES = "Area and shade of circles: raw values from 0 to 1."
SPREAD_NOTE = "Below values: standard deviation over seeds."
ASIDE_NOTE = "Pale: reported beside the total."
SCALED_NOTE = "Scores: metrics scaled to 0-1 over methods before averaging."


def score_table(summary: pd.DataFrame) -> Figure:
    """Draw one row a run, controls and runs without a rank set apart below.

    Metrics are circles that hold their raw values, aggregate scores are bars; means over seeds, with the standard
    deviation below where there are several. What is missing is a dash. The figure is 18 cm wide, or as wide as it takes
    to write all of it in 7 points.

    Parameters
    ----------
    summary
        From :func:`scbraid.benchmark.summary.summarize`.
    """
    groups = lay_out(summary)
    columns = [column for group in groups for column in group.columns]
    metrics = [column for column in columns if column.kind == "metric"]
    spreads = summary[[f"{column.name}_sd" for column in columns if column.kind != "fact"]]
    has_spread = spreads.notna().any(axis=1)
    largest = min(LARGEST, min((column.width for column in metrics if column.has_numbers), default=LARGEST) - 1)
    steps = largest + 3 + SPREAD_LINE * has_spread
    head = TITLE_LINE + 1.05 * max([text_width(_heading(column), FONT) for column in metrics], default=FONT) + 9
    sections = _sections(summary)
    height = head + sum(SECTION_LINE for title, _ in sections if title) + steps.sum() + 18
    width = groups[-1].right
    figure, axis = blank_figure(width, height)
    for group in groups:
        _draw_head(axis, group, head)
    top = head
    for title, rows in sections:
        axis.plot([0, width], [top, top], color=SOFT, lw=0.6)
        if title:
            axis.text(0, top + SECTION_LINE / 2 + 1, title, va="center", color=SOFT, fontsize=FONT, style="italic")
            top += SECTION_LINE
        for index, row in rows.iterrows():
            if index != rows.index[0]:
                axis.plot([0, width], [top, top], color=RULE, lw=0.4)
            _draw_row(axis, row, columns, top + 1.5 + largest / 2, largest=largest)
            top += steps[index]
    axis.plot([0, width], [top, top], color=SOFT, lw=0.6)
    notes = [NOTES] if metrics else []
    notes += [SPREAD_NOTE] if has_spread.any() else []
    notes += [ASIDE_NOTE] if any(column.is_aside for column in columns) else []
    notes += [SCALED_NOTE] if summary["scaled"].any() else []
    axis.text(0, top + 10, " ".join(notes), va="center", color=SOFT, fontsize=FONT)
    return figure


def _sections(summary: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Rows that stand together, with what sets them apart."""
    is_ranked, ran = summary["rank"].notna(), summary["seeds"] > 0
    is_control = summary["is_control"] & ran
    others = summary[~is_ranked & ~is_control]
    title = "failed" if (others["seeds"] == 0).all() else "not ranked"
    sections = [("", summary[is_ranked]), ("controls", summary[is_control]), (title, others)]
    return [(title, rows) for title, rows in sections if len(rows)]


def _heading(column: Column) -> str:
    return column.name.replace("_", " ")


def _draw_head(axis: Axes, group: Group, bottom: float) -> None:
    color = group.columns[-1].color
    if group.title:
        middle = (group.left + group.right) / 2
        axis.text(middle, TITLE_LINE / 2, group.title, ha="center", va="center", color=color, fontsize=NAME_FONT)
        axis.plot([group.left + 1, group.right - 1], [TITLE_LINE, TITLE_LINE], color=color, lw=1)
    for column in group.columns:
        upright = 90 if column.kind == "metric" else 0
        color = SOFT if column.is_aside or column.kind == "fact" else INK
        x = column.left if column.kind == "score" else column.middle
        side = "left" if column.kind == "score" else "center"
        axis.text(x, bottom - 4, _heading(column), ha=side, va="bottom", rotation=upright, color=color, fontsize=FONT)


def _draw_row(axis: Axes, row: pd.Series, columns: list[Column], y: float, *, largest: float) -> None:
    axis.text(0, y, row["method"], va="center_baseline", color=INK, fontsize=NAME_FONT)
    if row["seeds"] == 0:
        room = columns[-1].left + columns[-1].width - columns[0].left
        axis.text(
            columns[0].left, y, _shortened(str(row["failed"]), room), va="center_baseline", color=SOFT, fontsize=FONT
        )
        return
    for column in columns:
        if column.kind == "fact":
            axis.text(
                column.middle,
                y,
                column.texts[row["method"]],
                ha="center",
                va="center_baseline",
                color=INK,
                fontsize=FONT,
            )
        elif math.isnan(row[column.name]):
            axis.text(column.middle, y, MISSING, ha="center", va="center", color=SOFT, fontsize=FONT)
        elif column.kind == "score":
            _draw_score(axis, column, row[column.name], row[f"{column.name}_sd"], y, below=largest / 2)
        else:
            _draw_metric(axis, column, row[column.name], row[f"{column.name}_sd"], y, largest=largest)


def _draw_metric(axis: Axes, column: Column, value: float, spread: float, y: float, *, largest: float) -> None:
    """Draw a circle whose area is the value."""
    share = min(max(value, 0.0), 1.0)
    color = _shade(column.color, share * (ASIDE_SHARE if column.is_aside else 1.0))
    diameter = min(largest, column.width - 0.4) * math.sqrt(share)
    axis.add_patch(Circle((column.middle, y), diameter / 2, color=color, lw=0))
    if not column.has_numbers:
        return
    short = column.width < FULL
    text: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": FONT}
    number = _number(value, 2, short=short)
    text_color = _readable_on(color) if text_width(number, FONT) < diameter else INK
    axis.text(column.middle, y, number, color=text_color, **text)
    if not math.isnan(spread):
        below = y + largest / 2 + SPREAD_LINE / 2
        axis.text(column.middle, below, _number(spread, 2, short=short), color=SOFT, **text)


def _draw_score(axis: Axes, column: Column, value: float, spread: float, y: float, *, below: float) -> None:
    """Draw a bar as long as the value, with a whisker of the standard deviation."""
    length = column.width - 5
    share = min(max(value, 0.0), 1.0)
    fill = _shade(column.color, BAR_SHARE)
    axis.add_patch(Rectangle((column.left, y - BAR_HEIGHT / 2), length * share, BAR_HEIGHT, color=fill, lw=0))
    text: dict[str, Any] = {"va": "center_baseline", "fontsize": FONT}
    axis.text(column.left + 2, y, _number(value, 3), color=INK, **text)
    if not math.isnan(spread):
        ends = [column.left + length * (value - spread), column.left + length * (value + spread)]
        axis.plot(ends, [y + BAR_HEIGHT / 2] * 2, color=column.color, lw=1.2, solid_capstyle="butt")
        axis.text(column.left + 2, y + below + SPREAD_LINE / 2, f"±{_number(spread, 3)}", color=SOFT, **text)


def _number(value: float, places: int, *, short: bool = False) -> str:
    text = f"{value:.{places}f}".replace("-", "−")
    if not short:
        return text
    return "1" if text == "1.00" else text.replace("0.", ".", 1)


def _shade(color: str, share: float) -> tuple[float, float, float]:
    """Mix a colour with white."""
    return LinearSegmentedColormap.from_list("shade", ["white", color])(share)[:3]


def _readable_on(color: tuple[float, float, float]) -> str:
    """White on dark colours, else black."""
    return "white" if luminance(color) < DARK else INK


def _shortened(text: str, room: float) -> str:
    """Cut a text to the room there is."""
    while text_width(text, FONT) > room - SPACE:
        text = text[:-2].rstrip() + "…"
    return text
