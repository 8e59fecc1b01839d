"""Where everything stands in the charts of a benchmark, in points from the top left, for the page and for files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scbraid.benchmark.summary import ranking_score
from scbraid.plots.axes import Axis, linear_axis, time_axis
from scbraid.plots.guides import GUIDE_FONT, Guide, guide_box, levels, lines_of_equal_total
from scbraid.plots.labels import nearest_point, place_labels, text_width
from scbraid.plots.style import CONTROL_COLOR, method_colors

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

WIDTH, HEIGHT = 400.0, 320.0
LEFT, TOP, BOTTOM = 44.0, 24.0, 34.0
RADIUS = 4.2
FONT = 8.0
#: a longer way from a mark to its name is drawn
LEADER = 4.0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A method: where it stands, how far it spreads (half the length of its error bars), and what it is.

    ``box`` holds its name: left, top, right, bottom. ``leader`` leads there from the mark, if it is far.
    """

    name: str
    tip: str
    color: str
    shape: str
    is_control: bool
    x: float
    y: float
    x_spread: float
    y_spread: float
    box: tuple[float, float, float, float]
    leader: tuple[float, float, float, float] | None


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Everything to draw; ``key`` holds shapes, what they mean, and where they stand above the frame."""

    title: str
    x_axis: Axis
    y_axis: Axis
    width: float
    height: float
    marks: tuple[Mark, ...]
    guides: tuple[Guide, ...]
    guide_title: str
    key: tuple[tuple[str, str, float], ...] = ()


def bio_against_batch(summary: pd.DataFrame) -> Chart | None:
    """Draw conservation of biology against batch correction, with lines of equal total and controls as landmarks.

    Parameters
    ----------
    summary
        From :func:`scbraid.benchmark.summary.summarize`.

    Returns
    -------
    None where no run has both scores, as without labels.
    """
    rows = summary.dropna(subset=["bio", "batch"])
    if rows.empty:
        return None
    right = WIDTH - 30
    suffix = ", scaled over methods" if rows["scaled"].any() else ""
    x_axis = linear_axis(_ends(rows, "batch"), (LEFT, right), title=f"batch correction{suffix}")
    y_axis = linear_axis(_ends(rows, "bio"), (HEIGHT - BOTTOM, TOP), title=f"bio conservation{suffix}")
    points = [
        _Point(
            row,
            x_axis.place(row["batch"]),
            y_axis.place(row["bio"]),
            _reach(row, "batch", x_axis),
            _reach(row, "bio", y_axis),
        )
        for _, row in rows.iterrows()
    ]
    guides = lines_of_equal_total(x_axis, y_axis, clear_of=[(point.x, point.y) for point in points])
    return Chart(
        title="Bio conservation against batch correction",
        x_axis=x_axis,
        y_axis=y_axis,
        width=WIDTH,
        height=HEIGHT,
        marks=_marks(points, summary, x_axis, y_axis, shapes={}, obstacles=[guide_box(guide) for guide in guides]),
        guides=guides,
        guide_title="total",
        key=_key({"method": "circle", "control": "cross"} if rows["is_control"].any() else {}),
    )


def score_against_time(summary: pd.DataFrame) -> Chart | None:
    """Draw the score that ranks against run time, marked by device; controls are levels, as their time means nothing.

    Parameters
    ----------
    summary
        From :func:`scbraid.benchmark.summary.summarize`.

    Returns
    -------
    None where no method has a score.
    """
    score = ranking_score(summary)
    scored = summary.dropna(subset=[score])
    rows = scored[~scored["is_control"]].dropna(subset=["seconds"])
    if rows.empty:
        return None
    controls = scored[scored["is_control"]]
    margin = min(max([text_width(name, GUIDE_FONT) for name in controls["method"]], default=0), WIDTH / 3)
    right = WIDTH - 14 - margin
    suffix = ", scaled over methods" if scored["scaled"].any() else ""
    x_axis = time_axis(rows["seconds"], (LEFT, right))
    y_axis = linear_axis(_ends(scored, score), (HEIGHT - BOTTOM, TOP), title=f"{score} score{suffix}")
    points = [
        _Point(
            row,
            x_axis.place(max(row["seconds"], x_axis.low)),
            y_axis.place(row[score]),
            0.0,
            _reach(row, score, y_axis),
        )
        for _, row in rows.iterrows()
    ]
    devices = sorted({_device(row) for _, row in rows.iterrows()})
    shapes = dict(zip(devices, ("circle", "diamond", "square", "triangle")))
    guides = levels(controls, score, x_axis, y_axis)
    lines = [(guide.x0, guide.y0 - 0.5, guide.x1, guide.y1 + 0.5) for guide in guides]
    return Chart(
        title=f"{score.capitalize()} score against run time",
        x_axis=x_axis,
        y_axis=y_axis,
        width=WIDTH,
        height=HEIGHT,
        marks=_marks(points, summary, x_axis, y_axis, shapes=shapes, obstacles=lines),
        guides=guides,
        guide_title="",
        key=_key(shapes),
    )


@dataclass(frozen=True)
class _Point:
    row: pd.Series
    x: float
    y: float
    x_spread: float
    y_spread: float


def _marks(
    points: list[_Point],
    summary: pd.DataFrame,
    x_axis: Axis,
    y_axis: Axis,
    *,
    shapes: dict[str, str],
    obstacles: Iterable[tuple[float, float, float, float]] = (),
) -> tuple[Mark, ...]:
    """Turn points into marks with names that do not overlap."""
    colors = method_colors(summary.loc[~summary["is_control"], "method"])
    centers = np.array([(point.x, point.y) for point in points])
    bars = [
        bar
        for point in points
        for bar in (
            (point.x - point.x_spread, point.y - 0.5, point.x + point.x_spread, point.y + 0.5),
            (point.x - 0.5, point.y - point.y_spread, point.x + 0.5, point.y + point.y_spread),
        )
    ]
    boxes = place_labels(
        [point.row["method"] for point in points],
        centers,
        radius=RADIUS,
        size=FONT,
        frame=(x_axis.start + 2, y_axis.end + 1, x_axis.end - 2, y_axis.start - 2),
        obstacles=[*bars, *obstacles],
    )
    marks = []
    for point, center, box in zip(points, centers, boxes):
        is_control = bool(point.row["is_control"])
        marks.append(
            Mark(
                name=point.row["method"],
                tip=_tip(point.row),
                color=CONTROL_COLOR if is_control else colors[point.row["method"]],
                shape="cross" if is_control else shapes.get(_device(point.row), "circle"),
                is_control=is_control,
                x=point.x,
                y=point.y,
                x_spread=point.x_spread,
                y_spread=point.y_spread,
                box=tuple(box),
                leader=_leader(center, box),
            )
        )
    return tuple(marks)


def _leader(center: np.ndarray, box: np.ndarray) -> tuple[float, float, float, float] | None:
    end = nearest_point(box[None], center)[0]
    length = float(np.linalg.norm(end - center))
    if length < RADIUS + LEADER:
        return None
    start = center + (end - center) * (RADIUS + 0.5) / length
    return (*start, *end)


def _tip(row: pd.Series) -> str:
    """Scores of a run in words."""
    scores = [
        f"{score} {row[score]:.3f}" + ("" if math.isnan(row[f"{score}_sd"]) else f" ± {row[f'{score}_sd']:.3f}")
        for score in ("total", "bio", "batch")
        if not math.isnan(row[score])
    ]
    time = "" if math.isnan(row["seconds"]) else f", {row['seconds']:.3g} s on {row['device']}"
    return f"{row['method']}: {', '.join(scores)}{time}"


def _device(row: pd.Series) -> str:
    """Kinds of devices that a method ran on."""
    return ", ".join(sorted({device.split(":")[0] for device in row["device"].split(", ")}))


def _ends(rows: pd.DataFrame, score: str) -> tuple[float, float]:
    spread = rows[f"{score}_sd"].fillna(0.0)
    return float((rows[score] - spread).min()), float((rows[score] + spread).max())


def _reach(row: pd.Series, score: str, axis: Axis) -> float:
    """Length of half an error bar."""
    spread = row[f"{score}_sd"]
    return 0.0 if math.isnan(spread) else abs(axis.place(spread) - axis.place(0.0))


def _key(shapes: dict[str, str]) -> tuple[tuple[str, str, float], ...]:
    """Shapes and what they mean, with the place of each above the frame."""
    entries, x = [], LEFT + RADIUS
    for text, shape in shapes.items():
        entries.append((shape, text, x))
        x += text_width(text, GUIDE_FONT) + 22
    return tuple(entries)
