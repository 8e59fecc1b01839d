"""Scales of charts: from values to points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    import pandas as pd

DURATIONS = {
    0.001: "1 ms", 0.01: "10 ms", 0.1: "0.1 s", 1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h",
    36000: "10 h", 360000: "100 h",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A scale from values to points; a logarithmic one where asked."""

    title: str
    low: float
    high: float
    start: float
    end: float
    is_log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()

    def place(self, value: float) -> float:
        """Where a value stands."""
        low, high, value = (math.log10(x) if self.is_log else x for x in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def linear_axis(ends: tuple[float, float], place: tuple[float, float], *, title: str) -> Axis:
    """Scale with round ticks that leaves room for marks at both ends."""
    low, high = ends
    room = max(0.06 * (high - low), 0.02)
    low, high = low - room, high + room
    return Axis(title=title, low=low, high=high, start=place[0], end=place[1], ticks=round_ticks(low, high))


def time_axis(seconds: pd.Series, place: tuple[float, float]) -> Axis:
    """Scale of equal ratios, at least one from a tenth to ten times the only run time."""
    shown = seconds.clip(lower=min(DURATIONS))
    low, high = shown.min() / 1.8, shown.max() * 1.8
    if high < 20 * low:
        middle = math.sqrt(low * high)
        low, high = middle / 5, middle * 5
    ticks = tuple((value, text) for value, text in DURATIONS.items() if low <= value <= high)
    return Axis(title="run time", low=low, high=high, start=place[0], end=place[1], is_log=True, ticks=ticks)


def round_ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Round numbers between two ends."""
    found = MaxNLocator(nbins=8, steps=[1, 2, 5, 10]).tick_values(low, high)
    places = max(1, -math.floor(math.log10(found[1] - found[0]) + 1e-9))
    return tuple((float(tick), f"{tick:.{places}f}".replace("-", "−")) for tick in found if low <= tick <= high)
