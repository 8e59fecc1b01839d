"""Numbers as text."""

from __future__ import annotations

import math

import pytest

from scbraid import text


@pytest.mark.parametrize(
    ("value", "expected"), [(0.1 + 0.2, "0.30000000000000004"), (5.0, "5"), (math.nan, ""), (None, ""), ("a", "a")]
)
def test_exact(value: object, expected: str) -> None:
    assert text.exact(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.04712, "0.0471"),
        (528.5, "528.5"),
        (12345.6, "12,346"),
        (1e6, "1.00e+06"),
        (-0.5, "−0.5"),
        (None, "–"),
    ],
)
def test_compact(value: float | None, expected: str) -> None:
    assert text.compact(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0034, "0.0034 s"), (42.3, "42 s"), (600, "10 min"), (9000, "2.5 h"), (None, "–")]
)
def test_duration(seconds: float | None, expected: str) -> None:
    assert text.duration(seconds) == expected
