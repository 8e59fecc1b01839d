"""The pieces of the page: numbers as text, colours on a dark page, drawings."""

from __future__ import annotations

import colorsys
import math
import re

import numpy as np
import pandas as pd
import pytest

from scbraid import text
from scbraid.plots.style import BATCH_COLORS, LABEL_COLORS, MISSING_COLOR
from scbraid.report.drawing.colors import DARK_PANEL, MIN_CONTRAST, contrast, on_dark
from scbraid.report.drawing.curves import draw_lines
from scbraid.report.drawing.violins import density, violin_columns
from scbraid.report.sections.qc import drop_table


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


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("color", sorted({*BATCH_COLORS, *LABEL_COLORS}))
def test_every_colour_shows_on_a_dark_page_in_its_own_hue(color: str) -> None:
    dark = on_dark(color)
    assert contrast(dark, DARK_PANEL) >= MIN_CONTRAST
    if color == "#000000":
        assert dark == "#ffffff"
        return
    hue, changed = (colorsys.rgb_to_hls(*[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)])[0] for c in (color, dark))
    assert changed == pytest.approx(hue, abs=0.01)
    if contrast(color, DARK_PANEL) >= MIN_CONTRAST:
        assert dark == color.lower()


def test_missing_values_recede_on_a_dark_page() -> None:
    assert 1 < contrast(on_dark(MISSING_COLOR), DARK_PANEL) < MIN_CONTRAST


def test_curve_spans_its_frame_in_straight_proportion() -> None:
    svg = draw_lines([np.array([[1, 10.0], [2, 20.0], [3, 15.0]])], title="loss <&>")
    points = np.array([pair.split(",") for pair in re.search(r'points="([^"]+)"', svg)[1].split()], dtype=float)
    (x0, low), (x1, high), (x2, half) = points[:3]
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert half == pytest.approx((low + high) / 2)
    assert low > high  # larger values stand higher
    assert "loss &lt;&amp;&gt;" in svg


def test_density_counts_its_values() -> None:
    values = np.random.default_rng(0).normal(size=500)
    grid = np.linspace(-8, 8, 400)
    curve = density(values, grid, bandwidth=0.3)
    assert np.trapezoid(curve, grid) == pytest.approx(500 * 0.3 * math.sqrt(2 * math.pi), rel=1e-3)


def test_violin_of_kept_cells_lies_within_that_of_all() -> None:
    rng = np.random.default_rng(1)
    cells = pd.DataFrame({"batch": "a", "log_counts": rng.normal(size=300), "kept": rng.random(300) < 0.7})
    for measure in ("log_genes", "percent_top_20", "percent_mitochondrial", "doublet_score"):
        cells[measure] = np.nan
    (column,) = violin_columns(cells)
    assert column.low == cells["log_counts"].min()
    paths = dict(re.findall(r'class="(before|after)" d="M([^Z]+)Z"', column.drawings["a"]))
    height = {state: min(float(pair.split()[1]) for pair in path.split("L")) for state, path in paths.items()}
    assert height["before"] == pytest.approx(2)
    assert 22 - height["after"] == pytest.approx(0.7 * 20, abs=2)


def test_cells_with_two_reasons_count_in_both_and_none_is_no_row() -> None:
    cells = pd.DataFrame({"batch": ["a", "a", "b"], "kept": [False, True, False], "reason": ["x;y", np.nan, "y"]})
    table = drop_table(cells)
    assert table.to_dict("index") == {"a": {"x": 1, "y": 1}, "b": {"x": 0, "y": 1}}
    assert list(drop_table(cells.assign(kept=True)).columns) == []
