"""One look for all figures: fonts, sizes, colours, and how they are written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

mpl.use("agg")

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.figure import Figure

# Colour-blind-safe qualitative sets: Okabe & Ito (2008) for labels, Tol's "muted" (2021) for batches. They differ, so
# that a reader never takes a batch for a label.
LABEL_COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000"]
BATCH_COLORS = ["#332288", "#DDCC77", "#117733", "#CC6677", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499"]
# Tol's rainbow (2021), told apart without red or green receptors too: where there are more names than those.
RAINBOW = [
    "#D1BBD7", "#AE76A3", "#882E72", "#1965B0", "#5289C7", "#7BAFDE", "#4EB265", "#90C987", "#CAE0AB", "#F7F056",
    "#F6C141", "#F1932D", "#E8601C", "#DC050C", "#72190E", "#42150A",
]  # fmt: skip
# Tol's discrete rainbow for methods, neighbours in the list far apart in hue or lightness.
METHOD_COLORS = [
    "#1965B0", "#DC050C", "#F6C141", "#4EB265", "#882E72", "#F1932D", "#7BAFDE",
    "#AE76A3", "#90C987", "#E8601C", "#5289C7", "#F7F056", "#D1BBD7", "#CAE0AB",
]  # fmt: skip
MISSING_COLOR = "#D0D0D0"
CONTROL_COLOR = "#8A8A8A"
BIO_COLOR, BATCH_COLOR, TOTAL_COLOR = "#2B7A9E", "#B0662A", "#2F3338"
INK, SOFT, RULE = "#1C1E22", "#5D626B", "#D5D2CA"
#: what would make the bytes of a file depend on when it was written
DATES = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}

mpl.rcParams.update(
    {
        "figure.dpi": 100,
        "savefig.dpi": 150,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "legend.frameon": False,
        "svg.fonttype": "none",
        "pdf.fonttype": 42,  # text stays text
        "svg.hashsalt": "scbraid",
        "text.parse_math": False,  # names of batches and labels are not formulas
    }
)


def batch_colors(batches: Iterable[str]) -> dict[str, str]:
    """Give every batch its colour, the same in every figure of a data set."""
    return _assign(batches, BATCH_COLORS)


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """Give every label its colour, the same in every figure of a data set."""
    return _assign(labels, LABEL_COLORS)


def method_colors(methods: Iterable[str]) -> dict[str, str]:
    """Give every method its colour, the same in every figure of a data set."""
    return _assign(methods, METHOD_COLORS)


def luminance(color: str | tuple[float, float, float]) -> float:
    """Relative luminance, 0 for black to 1 for white (WCAG 2.2)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _assign(names: Iterable[str], colors: list[str]) -> dict[str, str]:
    names = sorted(set(names))
    if len(names) > len(colors):
        rainbow = mpl.colors.LinearSegmentedColormap.from_list("rainbow", RAINBOW)
        colors = [mpl.colors.to_hex(rainbow(place)) for place in np.linspace(0, 1, len(names))]
    return dict(zip(names, colors))


def save(figure: Figure, *paths: str | Path) -> None:
    """Write a figure as .svg, .pdf or .png, the same bytes for the same content, and close it."""
    import matplotlib.pyplot as plt

    for path in paths:
        figure.savefig(path, bbox_inches="tight", metadata=DATES.get(Path(path).suffix))
    plt.close(figure)
