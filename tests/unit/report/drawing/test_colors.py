"""Colours on a dark page."""

from __future__ import annotations

import colorsys

import pytest

from scbraid.plots.style import BATCH_COLORS, LABEL_COLORS, MISSING_COLOR
from scbraid.report.drawing.colors import DARK_PANEL, MIN_CONTRAST, contrast, on_dark, sequential


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


@pytest.mark.parametrize("page", [0, 1])
def test_larger_shares_stand_out_more(page: int) -> None:
    background = ("#ffffff", DARK_PANEL)[page]
    found = [contrast(stop[page], background) for stop in sequential(255)]
    assert found == sorted(found)
    assert found[0] > 1.5
