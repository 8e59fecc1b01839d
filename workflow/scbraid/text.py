"""Numbers as a reader wants them; the exact value always stands beside, in an attribute."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

MISSING = "–"


def is_missing(value: Any) -> bool:
    """Whether there is nothing to show: None or NaN."""
    return value is None or (isinstance(value, Real) and math.isnan(value))


def exact(value: Any) -> str:
    """Write a number so that reading it gives the same number; the empty string for nothing."""
    if is_missing(value):
        return ""
    if not isinstance(value, bool) and isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    return str(value)


def decimals(value: Any, places: int = 3) -> str:
    """Round to a fixed number of places."""
    if is_missing(value):
        return MISSING
    return f"{value:.{places}f}".replace("-", "−")


def count(value: Any) -> str:
    """Write a whole number with thousands separators."""
    return MISSING if is_missing(value) else f"{round(value):,}"


def compact(value: Any) -> str:
    """Write a measurement with about four digits and no needless zeros."""
    if is_missing(value):
        return MISSING
    if value == 0 or 0.001 <= abs(value) < 1e5:
        digits = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
        text = f"{value:,.{min(digits, 4)}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
    return f"{value:.2e}".replace("-", "−")


def duration(seconds: Any) -> str:
    """Write seconds in the unit that suits."""
    if is_missing(seconds):
        return MISSING
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def megabytes(value: Any) -> str:
    """Write megabytes in MB or GB."""
    if is_missing(value):
        return MISSING
    return f"{value:.0f} MB" if value < 1024 else f"{value / 1024:.1f} GB"


def joined(names: list[str]) -> str:
    """Join as in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
