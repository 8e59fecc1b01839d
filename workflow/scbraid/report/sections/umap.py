"""The section of UMAPs: one panel a method, and what its cells can be coloured by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scbraid.report.drawing.colors import sequential
from scbraid.report.drawing.palettes import cell_palettes, prediction_palette, shades
from scbraid.report.drawing.points import codes_in, encode, scatter_points, spread_out, thinned
from scbraid.report.pages import data_uri
from scbraid.transfer.classifiers import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.report.drawing.palettes import Palette
    from scbraid.report.drawing.points import Points
    from scbraid.report.reading.dataset import DatasetResults
    from scbraid.report.reading.runs import TransferResults

CONTENTS = {"umap": "UMAPs"}
#: added to the code of a predicted label that is too uncertain to be told
REJECTED = 32768
#: shares of 0 to 1 in whole steps of a byte, and the byte for none
STEPS, NO_SHARE = 254, 255


def view(dataset: DatasetResults) -> dict[str, Any]:
    """Prepare the cells, and what they can be coloured by."""
    return {
        "cells": umap_points(dataset),
        "palettes": cell_palettes(dataset),
        "prediction_palette": prediction_palette(dataset) if dataset.transfers else {},
        "classifiers": list(dict.fromkeys(transfer.classifier for transfer in dataset.transfers)),
        "figure": data_uri(dataset.folder / "benchmark" / "umap.svg"),
    }


def umap_points(dataset: DatasetResults) -> Points:
    """Cells after quality control: layouts and predictions of every method that did not fail (see `first_runs`).

    Predictions of a layout are given by classifier: codes of labels (plus 32768 where the cell is called unknown),
    probability and uncertainty as bytes (0 to 254 for 0 to 1, 255 = none).
    """
    palettes = cell_palettes(dataset)
    obs = dataset.obs.iloc[thinned(len(dataset.obs))]
    points = scatter_points(
        obs.index,
        palettes=palettes,
        codes={name: obs[name] for name in palettes},
        layouts={
            run.name: spread_out(run.layout.loc[obs.index].to_numpy()) | {"predictions": {}}
            for run in dataset.first_runs
            if run.has_layout
        },
    )
    predicting = [
        transfer for transfer in dataset.transfers if len(transfer.predictions) and transfer.method in points["layouts"]
    ]
    for transfer in predicting:
        encoded = _predictions(transfer, obs.index, palettes["label"])
        points["layouts"][transfer.method]["predictions"][transfer.classifier] = encoded
    if predicting:
        points["palettes"]["prediction"] = shades(prediction_palette(dataset))
        points["palettes"]["uncertainty"] = [["", light, dark] for light, dark in sequential(STEPS + 1)]
    return points


def _predictions(transfer: TransferResults, cells: pd.Index, labels: Palette) -> Points:
    by_cell = transfer.predictions.set_index("cell").reindex(cells)
    codes = codes_in(labels, by_cell["prediction"])
    codes[(by_cell["decision"] == UNKNOWN).to_numpy()] |= REJECTED
    return {
        "codes": encode(codes),
        "probability": encode(_bytes(by_cell["probability"])),
        "uncertainty": encode(_bytes(by_cell["uncertainty"])),
    }


def _bytes(shares: pd.Series) -> np.ndarray:
    steps = np.round(shares.to_numpy(dtype=float) * STEPS)
    return np.where(np.isnan(steps), NO_SHARE, steps).astype(np.uint8)
