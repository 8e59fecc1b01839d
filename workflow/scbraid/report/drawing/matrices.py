"""Matrices as inline SVG: which label was called what, and how far predictions agree."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from markupsafe import Markup

from scbraid.text import count, decimals
from scbraid.transfer.classifiers import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

#: more labels are gathered: the rarest in one row and one column
MAX_LABELS = 40
OTHERS = "{} other labels"
#: up to so many columns, numbers stand in the drawing
NUMBERED = 12
LARGE, SMALL = 30, 14
LONGEST_NAME = 26
CHARACTER = 6.2
MARGIN = 6


def confusion_matrix(table: pd.DataFrame, *, unseen: set[str], title: str) -> Markup:
    """Draw true labels (rows) against what their cells were called.

    Parameters
    ----------
    table
        Counts, truth x decision, from :func:`scbraid.transfer.scores.confusion`.
    unseen
        Labels that no reference cell has.
    title
        What a screen reader says.
    """
    table = gather_rare(table)
    cells = table.sum(axis=1)

    def kind(row: str, column: str) -> str:
        return "unknown" if column == UNKNOWN else "right" if row == column else "wrong"

    def tip(row: str, column: str) -> str:
        number = table.at[row, column]
        called = "called unknown" if column == UNKNOWN else f"called {column}"
        return f"{row}, {called}: {count(number)} of {count(cells[row])} cells ({100 * number / cells[row]:.1f} %)"

    return _draw(
        table,
        shares=table.div(cells.where(cells > 0), axis=0).fillna(0.0),
        text=count,
        kind=kind,
        tip=tip,
        names={row: f"{row} *" if row in unseen else row for row in table.index},
        title=title,
    )


def agreement_matrix(table: pd.DataFrame, *, title: str) -> Markup:
    """Draw the share of cells that two classifications agree on; missing values are left out."""
    return _draw(
        table,
        shares=table.fillna(0.0),
        text=lambda share: decimals(share, 2),
        kind=lambda _row, _column: "right",
        tip=lambda row, column: f"{row} and {column}: {100 * table.at[row, column]:.1f} % of cells",
        names={},
        title=title,
    )


def gather_rare(table: pd.DataFrame) -> pd.DataFrame:
    """Add up the rarest labels where there are too many to draw: in a last row, and a last column before unknown."""
    labels = list(table.index)
    if len(labels) <= MAX_LABELS:
        return table
    cells = (table.sum(axis=1) + table[labels].sum()).sort_values(kind="stable")
    rare = cells.index[: len(labels) - MAX_LABELS + 1]
    others = OTHERS.format(len(rare))
    common = [label for label in labels if label not in rare]
    names = dict.fromkeys(rare, others)
    summed = table.rename(index=names, columns=names).groupby(level=0).sum().T.groupby(level=0).sum().T
    return summed.loc[[*common, others], [*common, others, *[name for name in table.columns if name == UNKNOWN]]]


def _draw(
    table: pd.DataFrame,
    *,
    shares: pd.DataFrame,
    text: Callable[[float], str],
    kind: Callable[[str, str], str],
    tip: Callable[[str, str], str],
    names: dict[str, str],
    title: str,
) -> Markup:
    """Draw a cell for every value above zero, as strong as its share; `tip` is what the pointer gets to read."""
    side = LARGE if len(table.columns) <= NUMBERED else SMALL
    shown = {name: shorten(names.get(name, name)) for name in (*table.index, *table.columns)}
    left = MARGIN + max(map(extent, shown.values()), default=0)
    top = MARGIN + max((extent(shown[name]) for name in table.columns), default=0)
    width, height = left + side * len(table.columns) + MARGIN, top + side * len(table.index) + MARGIN
    parts = [
        Markup(
            '<svg class="matrix" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
        ).format(round(width), round(height), title)
    ]
    for place, name in enumerate(table.index):
        y = top + (place + 0.5) * side
        parts.append(Markup('<text x="{:.0f}" y="{:.1f}" class="row">{}</text>').format(left - 4, y + 4, shown[name]))
    for place, name in enumerate(table.columns):
        x = left + (place + 0.5) * side + 4
        turned = Markup('<text transform="translate({:.1f} {:.0f}) rotate(-90)">{}</text>')
        parts.append(turned.format(x, top - 4, shown[name]))
    frame = Markup('<rect class="frame" x="{:.1f}" y="{:.1f}" width="{}" height="{}"/>')
    parts.append(frame.format(left, top, side * len(table.columns), side * len(table.index)))
    for i, row in enumerate(table.index):
        for j, column in enumerate(table.columns):
            value = table.iat[i, j]
            if math.isnan(value) or value == 0:
                continue
            x, y = left + j * side, top + i * side
            square = Markup('<path class="{}" opacity="{:.2f}" d="M{:.1f} {:.1f}h{}v{}h-{}z"><title>{}</title></path>')
            opacity = 0.08 + 0.72 * shares.iat[i, j]
            parts.append(square.format(kind(row, column), opacity, x, y, side, side, side, tip(row, column)))
            if side == LARGE:
                number = Markup('<text class="value" x="{:.1f}" y="{:.1f}">{}</text>')
                parts.append(number.format(x + side / 2, y + side / 2 + 3.5, text(value)))
    return Markup("").join(parts) + Markup("</svg>")


def shorten(name: str) -> str:
    """Cut a name to what fits beside a matrix."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def extent(name: str) -> float:
    """Estimate the width of a name in pixels; East Asian characters take two places."""
    places = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in name)
    return CHARACTER * places + 6
