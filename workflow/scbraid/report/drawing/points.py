"""Points for the interactive scatter plots: compact arrays that the page's script decodes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.plots.style import MISSING_COLOR
from scbraid.report.drawing.colors import on_dark
from scbraid.report.drawing.palettes import shades

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scbraid.report.drawing.palettes import Palette

Points = dict[str, Any]

#: more points are thinned out to a random sample of this size
MAX_POINTS = 100_000
#: code of a point without a name in the palette
NO_CODE = 65535


def thinned(n_points: int) -> np.ndarray:
    """Positions of the points that are drawn, in order: all, or a random sample that is the same every time."""
    if n_points <= MAX_POINTS:
        return np.arange(n_points)
    return np.sort(np.random.default_rng(0).choice(n_points, MAX_POINTS, replace=False))


def scatter_points(
    names: pd.Index | pd.Series,
    *,
    palettes: dict[str, Palette],
    codes: dict[str, pd.Series],
    layouts: dict[str, Points],
    details: dict[str, pd.Series] | None = None,
) -> Points:
    """Build the JSON that points.js reads.

    Arrays are base64 of little-endian numbers: codes uint16 (65535 = none), coordinates uint16 pairs that span the
    layout.

    Parameters
    ----------
    names
        Of the points.
    palettes
        What they can be coloured by.
    codes
        For every palette the name that each point has in it, or none.
    layouts
        From :func:`spread_out`.
    details
        Further texts of the points for the tooltip.

    Returns
    -------
    dict
        ``names`` of the points; ``missing`` and ``palettes``, colours on a light and a dark page; ``codes`` of every
        palette; ``details``, further names and codes for the tooltip; ``layouts``.
    """
    return {
        "names": [str(name) for name in names],
        "missing": [MISSING_COLOR, on_dark(MISSING_COLOR)],
        "palettes": {name: shades(palette) for name, palette in palettes.items()},
        "codes": {name: encode(codes_in(palette, codes[name])) for name, palette in palettes.items()},
        "details": {name: _categories(values) for name, values in (details or {}).items()},
        "layouts": layouts,
    }


def spread_out(points: np.ndarray) -> Points:
    """Coordinates of points x 2, each column spread over uint16 (a screen shows no finer step), and their ranges."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1)
    shares = np.round((points - low) / span * NO_CODE).astype("<u2")
    return {"xy": encode(shares), "low": low.tolist(), "high": high.tolist()}


def codes_in(names: Iterable[str], values: pd.Series) -> np.ndarray:
    """Positions of values among names as uint16, :data:`NO_CODE` for those that are none of them."""
    text = values.astype(object).where(values.notna(), None).map(str, na_action="ignore")
    return pd.Index(list(names), dtype=object).get_indexer(text).astype("<u2")  # -1, not found, becomes 65535


def encode(values: np.ndarray) -> str:
    """Write an array as base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def _categories(values: pd.Series) -> Points:
    names = sorted(values.dropna().unique())
    return {"names": names, "codes": encode(codes_in(names, values))}
