"""Colours on a dark page."""

from __future__ import annotations

import colorsys

import matplotlib as mpl
import numpy as np

from scbraid.plots.style import luminance

#: background of panels on a dark page, as in style.css
DARK_PANEL = "#1b1d21"
#: contrast that a dot needs to be seen well
MIN_CONTRAST = 2.6
GREY_SATURATION = 0.05
#: the part of the colour map that is told from the background: from faint to strong on a light page, then a dark one
LIGHT_RANGE, DARK_RANGE = (0.82, 0.12), (0.3, 0.97)


def on_dark(color: str) -> str:
    """Return a colour of the same hue that shows on a dark page; the colour itself where it does.

    Greys swap light for dark, so that black still stands out and the pale grey of missing values still recedes.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*mpl.colors.to_rgb(color))
    if saturation < GREY_SATURATION:
        return _hex(colorsys.hls_to_rgb(hue, 1.0 - 0.88 * lightness, saturation))
    while contrast(_hex(colorsys.hls_to_rgb(hue, lightness, saturation)), DARK_PANEL) < MIN_CONTRAST:
        lightness += 0.01
    return _hex(colorsys.hls_to_rgb(hue, lightness, saturation))


def sequential(steps: int) -> list[tuple[str, str]]:
    """Colours for 0 to 1 on a light and on a dark page; on both, larger values stand out more."""
    scale = mpl.colormaps["magma"]
    ranges = [scale(np.linspace(*ends, steps)) for ends in (LIGHT_RANGE, DARK_RANGE)]
    return [(mpl.colors.to_hex(light), mpl.colors.to_hex(dark)) for light, dark in zip(*ranges)]


def contrast(color: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    bright, dim = sorted((luminance(color), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)
