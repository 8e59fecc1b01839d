"""Columns of the score table: what stands in them, and where."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from scbraid.benchmark.summary import SCORES
from scbraid.metrics import GROUPS, METRICS
from scbraid.plots.labels import text_width
from scbraid.plots.style import BATCH_COLOR, BIO_COLOR, SOFT, TOTAL_COLOR
from scbraid.text import MISSING, duration, megabytes

if TYPE_CHECKING:
    import pandas as pd

#: 18 cm, the width of a page in most journals, less the margin that a written figure has, in points
PAGE = 510.0 - 15.0
FONT, NAME_FONT = 7.0, 7.5
#: least and most room for a metric with its numbers; below ``FULL`` the zero before the point goes
NARROW, FULL, WIDE = 13.5, 19.0, 23.0
#: room for a metric outside the total where there is no room for its numbers
BARE = 8.4
BAR = 31.0
GROUP_GAP = 6.0
SPACE = 5.0
COLORS = {"bio": BIO_COLOR, "batch": BATCH_COLOR, "total": TOTAL_COLOR}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes
    ----------
    kind
        ``metric`` (circles), ``score`` (bars) or ``fact`` (text).
    texts
        What a fact says, by method.
    left, width
        In points.
    """

    name: str
    kind: str
    color: str
    left: float = 0.0
    width: float = 0.0
    is_aside: bool = False
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def has_numbers(self) -> bool:
        """Whether there is room to write values."""
        return self.width >= NARROW

    @property
    def middle(self) -> float:
        """Where circles and texts are centred."""
        return self.left + self.width / 2


@dataclass(frozen=True, kw_only=True)
class Group:
    """Columns that belong together, below a title."""

    title: str
    columns: tuple[Column, ...]
    left: float
    right: float


def lay_out(summary: pd.DataFrame) -> tuple[Group, ...]:
    """Place the columns of the score table to the right of the names of methods.

    Metrics by group, then the scores that some run has, then rank, time, memory and device. Metrics share what the page
    leaves to them; where that is too narrow, the table grows beyond it.

    Parameters
    ----------
    summary
        From :func:`scbraid.benchmark.summary.summarize`.
    """
    groups = [
        (
            title,
            [
                _metric(name, COLORS[group])
                for name, metric in METRICS.items()
                if metric.group == group and name in summary
            ],
        )
        for group, title in GROUPS.items()
    ]
    scores = [name for name in SCORES if summary[name].notna().any()]
    title = "scaled scores" if summary["scaled"].any() else "scores"
    groups.append((title, [Column(name=name, kind="score", color=COLORS[name], width=BAR) for name in scores]))
    groups.append(("", _facts(summary)))
    groups = [(title, columns) for title, columns in groups if columns]
    start = max(text_width(name, NAME_FONT) for name in summary["method"]) + SPACE
    groups = _share_page(groups, PAGE - start - (len(groups) - 1) * GROUP_GAP)
    placed = []
    for title, columns in groups:
        placed.append(_place(title, columns, start))
        start = placed[-1].right + GROUP_GAP
    return tuple(placed)


def _share_page(groups: list[tuple[str, list[Column]]], room: float) -> list[tuple[str, list[Column]]]:
    """Give every column at least the room that the title of its group takes, and metrics what is left of a page."""
    least = [(text_width(title, NAME_FONT) + 2) / len(columns) for title, columns in groups]
    widened = [
        (title, [replace(column, width=max(column.width, width)) for column in columns])
        for (title, columns), width in zip(groups, least)
    ]
    narrow = {index for index, (_, columns) in enumerate(groups) if columns[0].kind == "metric"}
    while narrow:
        taken = sum(
            column.width for index, (_, columns) in enumerate(widened) if index not in narrow for column in columns
        )
        inside = [column for index in narrow for column in groups[index][1]]
        shared = {
            index: (title, _share(columns, inside, room - taken))
            for index, (title, columns) in enumerate(groups)
            if index in narrow
        }
        short = {
            index
            for index, (_, columns) in shared.items()
            if sum(column.width for column in columns) < least[index] * len(columns)
        }
        if not short:
            return [shared.get(index, group) for index, group in enumerate(widened)]
        narrow -= short
    return widened


def _share(columns: list[Column], sharing: list[Column], room: float) -> list[Column]:
    """Share room equally; where that is too little for numbers, metrics outside the total go without theirs."""
    pitch = bare = room / len(sharing)
    if pitch < NARROW:
        n_bare = sum(column.is_aside for column in sharing)
        pitch, bare = (room - BARE * n_bare) / max(len(sharing) - n_bare, 1), BARE
    pitch, bare = min(max(pitch, NARROW), WIDE), min(bare, WIDE)
    return [replace(column, width=bare if column.is_aside else pitch) for column in columns]


def _metric(name: str, color: str) -> Column:
    return Column(name=name, kind="metric", color=color, is_aside=not METRICS[name].in_total)


def _facts(summary: pd.DataFrame) -> list[Column]:
    """Rank, run time, memory and devices as texts."""
    texts = {
        "rank": ["" if rank is None else f"{rank:.0f}" for rank in _or_none(summary["rank"])],
        "time": [duration(seconds) for seconds in summary["seconds"]],
        "memory": [megabytes(size) for size in summary["peak_ram_mb"]],
        "device": [MISSING if device is None else device for device in _or_none(summary["device"])],
    }
    return [
        Column(
            name=name,
            kind="fact",
            color=SOFT,
            width=max(text_width(text, FONT) for text in (name, *of_methods)) + SPACE,
            texts=dict(zip(summary["method"], of_methods)),
        )
        for name, of_methods in texts.items()
    ]


def _or_none(values: pd.Series) -> list[Any]:
    return [None if missing else value for value, missing in zip(values, values.isna())]


def _place(title: str, columns: list[Column], left: float) -> Group:
    """Put the columns of a group side by side."""
    placed = []
    end = left
    for column in columns:
        placed.append(replace(column, left=end))
        end += column.width
    return Group(title=title, columns=tuple(placed), left=left, right=end)
