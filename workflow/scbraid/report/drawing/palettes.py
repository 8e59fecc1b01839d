"""Colours of what cells are told apart by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.plots.style import batch_colors, label_colors
from scbraid.report.drawing.colors import on_dark
from scbraid.transfer.classifiers import UNKNOWN

if TYPE_CHECKING:
    from scbraid.report.reading.dataset import DatasetResults

Palette = dict[str, str]

UNKNOWN_COLOR = "#6B6B6B"


def cell_palettes(dataset: DatasetResults) -> dict[str, Palette]:
    """Colours of every batch and label; predictions share the colours of labels."""
    found = {"batch": batch_colors(dataset.qc_cells["batch"])}
    if dataset.has_labels:
        found["label"] = label_colors(dataset.obs["label"].dropna().astype(str))
    return found


def prediction_palette(dataset: DatasetResults) -> Palette:
    """Colours of predictions: those of the labels, and one for cells too uncertain to be given one."""
    return cell_palettes(dataset)["label"] | {UNKNOWN: UNKNOWN_COLOR}


def shades(palette: Palette) -> list[list[str]]:
    """List every name with its colour on a light and on a dark page."""
    return [[key, color, on_dark(color)] for key, color in palette.items()]
