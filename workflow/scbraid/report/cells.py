"""Cells of a data set for the interactive UMAPs: compact arrays that the page's script decodes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.plots.style import MISSING_COLOR, batch_colors, label_colors
from scbraid.report.colors import on_dark

if TYPE_CHECKING:
    from scbraid.report.results import DatasetResults, RunResults

#: code of a cell without a label or prediction
NO_CODE = 65535


def palettes(dataset: DatasetResults) -> dict[str, dict[str, str]]:
    """Colours of every batch and label; predictions share the colours of labels."""
    found = {"batch": batch_colors(dataset.obs["batch"].astype(str))}
    if dataset.has_labels:
        found["label"] = label_colors(_known_labels(dataset))
    return found


def cell_payload(dataset: DatasetResults) -> dict[str, Any]:
    """Build the JSON that the script of the page reads.

    Returns
    -------
    dict
        ``cells`` (names), ``missing`` (colours), ``palettes`` and ``codes`` of batch and label, and for the first
        seed of every method under ``runs``: ``xy`` and, with label transfer, ``prediction`` and ``probability``.
        Arrays are base64 of little-endian numbers: codes uint16 (65535 = none), coordinates uint16 pairs that span
        the layout, probabilities float32 (NaN = none).
    """
    colors = palettes(dataset)
    return {
        "cells": [str(cell) for cell in dataset.obs.index],
        "missing": [MISSING_COLOR, on_dark(MISSING_COLOR)],
        "palettes": {
            name: [[key, color, on_dark(color)] for key, color in palette.items()] for name, palette in colors.items()
        },
        "codes": {name: _encode(_codes(dataset.obs[name], palette)) for name, palette in colors.items()},
        "runs": {run.name: _run_payload(run, dataset, colors) for run in dataset.first_runs},
    }


def _run_payload(run: RunResults, dataset: DatasetResults, colors: dict[str, dict[str, str]]) -> dict[str, str]:
    cells = dataset.obs.index
    payload = {"xy": _encode(quantize(run.layout.loc[cells].to_numpy()))}
    if run.predictions is not None:
        by_cell = run.predictions.set_index("cell").reindex(cells)
        payload["prediction"] = _encode(_codes(by_cell["prediction"], colors["label"]))
        payload["probability"] = _encode(by_cell["probability"].to_numpy(dtype="<f4"))
    return payload


def quantize(points: np.ndarray) -> np.ndarray:
    """Spread each column over the range of uint16; a screen shows no finer step."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1)
    return np.round((points - low) / span * NO_CODE).astype("<u2")


def _known_labels(dataset: DatasetResults) -> pd.Series:
    return dataset.obs["label"].dropna().astype(str)


def _codes(names: pd.Series, palette: dict[str, str]) -> np.ndarray:
    position = {name: code for code, name in enumerate(palette)}
    text = names.astype(object).where(names.notna(), None)
    return np.array([NO_CODE if name is None else position[str(name)] for name in text], dtype="<u2")


def _encode(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
