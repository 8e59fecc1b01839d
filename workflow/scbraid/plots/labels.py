"""Place the names of marks so that they cover neither one another nor a mark."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

import scbraid.plots.style  # noqa: F401  (fonts)

if TYPE_CHECKING:
    from collections.abc import Sequence

#: height of a line of text, by its size
LINE = 1.15
#: room on both sides of a name, in points
PADDING = 2.0
DISTANCES = (1.0, 2.5, 5.0, 9.0, 14.0, 20.0, 27.0, 35.0, 45.0, 57.0)
ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)
SWEEPS = 4
#: points on the way from a mark to its name that are looked at
STEPS = 12
#: marks within this distance crowd one another, in points
NEAR = 40.0
#: costs of an overlap, by area, of a line that crosses a mark, of being nearer to another mark, by distance, and of
#: standing elsewhere than on the right
OVERLAP, OUTSIDE, CROSSING, ASTRAY, FAR, AROUND = 30.0, 60.0, 80.0, 25.0, 1.0, 1.5

Box = tuple[float, float, float, float]


@lru_cache(maxsize=2048)
def text_width(text: str, size: float) -> float:
    """Width of a text in points; a little more than that of its outlines, as drawn letters keep to pixels."""
    if not text.strip():
        return 0.0
    return 1.03 * float(TextPath((0, 0), text, prop=FontProperties(size=size)).get_extents().width)


def place_labels(
    names: Sequence[str], centers: np.ndarray, *, radius: float, size: float, frame: Box, obstacles: Sequence[Box] = ()
) -> np.ndarray:
    """Find a place beside its mark for every name.

    Every name takes the cheapest of a fixed set of places around its mark, the most crowded first, and all may move
    again a few times once the others stand. The same input gives the same places.

    Parameters
    ----------
    names
        Texts.
    centers
        Marks x 2, in points.
    radius
        Of marks, in points.
    size
        Of the text, in points.
    frame
        Left, top, right and bottom, which names keep within.
    obstacles
        Boxes (left, top, right, bottom) to keep clear of.

    Returns
    -------
    Names x 4: left, top, right and bottom of every name, :data:`PADDING` included.
    """
    if not len(names):
        return np.zeros((0, 4))
    extents = np.array([(text_width(name, size) + 2 * PADDING, LINE * size) for name in names])
    marks = np.column_stack([centers - radius, centers + radius])
    fixed = np.vstack([marks, np.reshape(obstacles, (-1, 4))])
    options = [_candidates(center, extent, radius) for center, extent in zip(centers, extents)]
    costs = [
        away + _fixed_costs(boxes, index, centers, radius, fixed, frame) for index, (boxes, away) in enumerate(options)
    ]
    ways = [_ways(boxes, center) for (boxes, _), center in zip(options, centers)]
    near = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    order = np.argsort(-(near < NEAR).sum(axis=1), kind="stable")
    chosen: dict[int, int] = {}
    for _ in range(SWEEPS):
        for index in order:
            others = {other: choice for other, choice in chosen.items() if other != index}
            placed = np.reshape([options[other][0][choice] for other, choice in others.items()], (-1, 4))
            led = np.reshape([ways[other][choice] for other, choice in others.items()], (-1, STEPS, 2))
            boxes = options[index][0]
            cost = costs[index] + OVERLAP * _overlaps(boxes, placed)
            cost += CROSSING * _inside(ways[index], placed).any(axis=(1, 2))
            cost += CROSSING * _inside(led.reshape(-1, 2), boxes).any(axis=0)
            cost += CROSSING * _crossings(ways[index], led)
            chosen[index] = int(np.argmin(cost))
    return np.array([options[index][0][chosen[index]] for index in range(len(names))])


def _candidates(center: np.ndarray, extent: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Boxes around a mark, and what each costs for how far it is and in which direction."""
    angle, distance = (grid.ravel() for grid in np.meshgrid(ANGLES, np.array(DISTANCES)))
    direction = np.column_stack([np.cos(angle), np.sin(angle)])
    middle = center + direction * (radius + distance[:, None] + extent / 2)
    boxes = np.column_stack([middle - extent / 2, middle + extent / 2])
    return boxes, FAR * distance + AROUND * (1 - np.cos(angle))


def _fixed_costs(
    boxes: np.ndarray, index: int, centers: np.ndarray, radius: float, fixed: np.ndarray, frame: Box
) -> np.ndarray:
    """Cost of covering what does not move, of leaving the frame, and of seeming to name another mark."""
    left, top, right, bottom = boxes.T
    beyond = np.maximum(frame[0] - left, 0) + np.maximum(frame[1] - top, 0)
    beyond += np.maximum(right - frame[2], 0) + np.maximum(bottom - frame[3], 0)
    cost = OVERLAP * _overlaps(boxes, fixed) + OUTSIDE * beyond
    ends = nearest_point(boxes, centers[index])
    distance = np.linalg.norm(ends - centers[index], axis=1)
    for other in np.delete(centers, index, axis=0):
        cost += ASTRAY * (np.linalg.norm(nearest_point(boxes, other) - other, axis=1) < distance)
        cost += CROSSING * (_to_segment(other, centers[index], ends) < radius)
    return cost


def _ways(boxes: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Boxes x points x 2: points on the way from a mark to each of the boxes."""
    shares = np.linspace(0, 1, STEPS)[None, :, None]
    return center + shares * (nearest_point(boxes, center)[:, None] - center)


def _crossings(ways: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Count the other ways that every way crosses."""
    start, end = ways[:, None, 0], ways[:, None, -1]
    other_start, other_end = others[None, :, 0], others[None, :, -1]
    apart = _side(start, end, other_start) * _side(start, end, other_end) < 0
    return (apart & (_side(other_start, other_end, start) * _side(other_start, other_end, end) < 0)).sum(axis=1)


def _side(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> np.ndarray:
    """On which side of a line a point lies: positive, negative, or 0 on it."""
    along, across = end - start, point - start
    return along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0]


def _inside(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Whether points (any shape x 2) lie within boxes: that shape x boxes."""
    spread = points[..., None, :]
    inside = (spread > boxes[:, :2]) & (spread < boxes[:, 2:])
    return inside[..., 0] & inside[..., 1]


def nearest_point(boxes: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Point of every box that lies nearest to a point."""
    return np.clip(point, boxes[:, :2], boxes[:, 2:])


def _overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Area that every box shares with others, in square points."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2).sum(axis=1)


def _to_segment(point: np.ndarray, start: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Distance of a point from the segments between a start and several ends."""
    along = ends - start
    share = ((point - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12)
    return np.linalg.norm(start + np.clip(share, 0, 1)[:, None] * along - point, axis=1)
