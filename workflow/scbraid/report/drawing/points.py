"""Points for the interactive scatter plots: compact arrays that the page's script decodes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.plots.qc import DROPPED_COLOR
from scbraid.plots.style import LABEL_COLORS, MISSING_COLOR, batch_colors, label_colors
from scbraid.report.drawing.colors import on_dark, sequential
from scbraid.transfer.classifiers import UNKNOWN

if TYPE_CHECKING:
    from scbraid.report.reading.dataset import DatasetResults
    from scbraid.report.reading.runs import TransferResults

Palette = dict[str, str]
Points = dict[str, Any]

#: more points are thinned out to a random sample of this size
MAX_POINTS = 100_000
#: code of a point without a name in the palette
NO_CODE = 65535
#: added to the code of a predicted label that is too uncertain to be told
REJECTED = 32768
#: shares of 0 to 1 in whole steps of a byte, and the byte for none
STEPS, NO_SHARE = 254, 255
UNKNOWN_COLOR = "#6B6B6B"
#: columns of genes.tsv that show why genes were selected, by flavour
GENE_AXES = (("means", "variances_norm"), ("means", "dispersions_norm"))
OUTCOME_COLORS = {"kept": "#9A9A9A", "dropped": DROPPED_COLOR}
FATE_COLORS = {"not selected": "#9A9A9A", "selected": LABEL_COLORS[0]}


def cell_palettes(dataset: DatasetResults) -> dict[str, Palette]:
    """Colours of every batch and label; predictions share the colours of labels."""
    found = {"batch": batch_colors(dataset.qc_cells["batch"])}
    if dataset.has_labels:
        found["label"] = label_colors(dataset.obs["label"].dropna().astype(str))
    return found


def prediction_palette(dataset: DatasetResults) -> Palette:
    """Colours of predictions: those of the labels, and one for cells too uncertain to be given one."""
    return cell_palettes(dataset)["label"] | {UNKNOWN: UNKNOWN_COLOR}


def umap_points(dataset: DatasetResults) -> Points:
    """Cells after quality control: layouts and predictions of every method that did not fail (see `first_runs`)."""
    palettes = cell_palettes(dataset)
    obs = dataset.obs.iloc[thinned(len(dataset.obs))]
    points = _points(
        obs.index,
        palettes=palettes,
        codes={name: obs[name] for name in palettes},
        layouts={
            run.name: _layout(run.layout.loc[obs.index].to_numpy()) | {"predictions": {}}
            for run in dataset.first_runs
            if run.has_layout
        },
    )
    predicting = [
        transfer for transfer in dataset.transfers if len(transfer.predictions) and transfer.method in points["layouts"]
    ]
    for transfer in predicting:
        encoded = _predictions(transfer, obs.index, list(palettes["label"]))
        points["layouts"][transfer.method]["predictions"][transfer.classifier] = encoded
    if predicting:
        points["palettes"]["prediction"] = _shades(prediction_palette(dataset))
        points["palettes"]["uncertainty"] = [["", light, dark] for light, dark in sequential(STEPS + 1)]
    return points


def qc_points(dataset: DatasetResults) -> Points:
    """Cells before quality control, by counts, genes and mitochondrial share, with the reason of those dropped."""
    cells = dataset.qc_cells.iloc[thinned(len(dataset.qc_cells))]
    outcome = cells["kept"].map({True: "kept", False: "dropped"})
    pairs = [("log_counts", "log_genes"), ("log_counts", "percent_mitochondrial")]
    return _points(
        cells["cell"],
        palettes={"outcome": OUTCOME_COLORS, "batch": cell_palettes(dataset)["batch"]},
        codes={"outcome": outcome, "batch": cells["batch"]},
        layouts={f"{x}-{y}": _layout(cells[[x, y]].to_numpy()) for x, y in pairs},
        details={"reason": cells["reason"]},
    )


def gene_points(dataset: DatasetResults) -> Points | None:
    """Genes by mean and variability; None where genes came from a list."""
    genes = dataset.genes
    axes = next((pair for pair in GENE_AXES if set(pair) <= set(genes)), None)
    if axes is None:
        return None
    genes = genes.dropna(subset=list(axes))
    fate = genes["selected"].map({True: "selected", False: "not selected"})
    mean, variability = axes
    points = np.column_stack([np.log1p(genes[mean].clip(lower=0)), genes[variability]])
    return _points(
        genes["gene"], palettes={"fate": FATE_COLORS}, codes={"fate": fate}, layouts={"genes": _layout(points)}
    )


def thinned(n_points: int) -> np.ndarray:
    """Positions of the points that are drawn, in order: all, or a random sample that is the same every time."""
    if n_points <= MAX_POINTS:
        return np.arange(n_points)
    return np.sort(np.random.default_rng(0).choice(n_points, MAX_POINTS, replace=False))


def _points(
    names: pd.Index | pd.Series,
    *,
    palettes: dict[str, Palette],
    codes: dict[str, pd.Series],
    layouts: dict[str, Points],
    details: dict[str, pd.Series] | None = None,
) -> Points:
    """Build the JSON that points.js reads.

    Arrays are base64 of little-endian numbers: codes uint16 (65535 = none), coordinates uint16 pairs that span the
    layout. Predictions of a layout are given by classifier: codes of labels (plus 32768 where the cell is called
    unknown), probability and uncertainty as bytes (0 to 254 for 0 to 1, 255 = none).

    Returns
    -------
    dict
        ``names`` of the points; ``missing`` and ``palettes``, colours on a light and a dark page; ``codes`` of every
        palette; ``details``, further names and codes for the tooltip; ``layouts``.
    """
    return {
        "names": [str(name) for name in names],
        "missing": [MISSING_COLOR, on_dark(MISSING_COLOR)],
        "palettes": {name: _shades(palette) for name, palette in palettes.items()},
        "codes": {name: _encode(_codes(codes[name], list(palette))) for name, palette in palettes.items()},
        "details": {name: _categories(values) for name, values in (details or {}).items()},
        "layouts": layouts,
    }


def _shades(palette: Palette) -> list[list[str]]:
    return [[key, color, on_dark(color)] for key, color in palette.items()]


def _predictions(transfer: TransferResults, cells: pd.Index, labels: list[str]) -> Points:
    by_cell = transfer.predictions.set_index("cell").reindex(cells)
    codes = _codes(by_cell["prediction"], labels)
    codes[(by_cell["decision"] == UNKNOWN).to_numpy()] |= REJECTED
    return {
        "codes": _encode(codes),
        "probability": _encode(_bytes(by_cell["probability"])),
        "uncertainty": _encode(_bytes(by_cell["uncertainty"])),
    }


def _bytes(shares: pd.Series) -> np.ndarray:
    steps = np.round(shares.to_numpy(dtype=float) * STEPS)
    return np.where(np.isnan(steps), NO_SHARE, steps).astype(np.uint8)


def _layout(points: np.ndarray) -> Points:
    """Coordinates of points x 2, each column spread over uint16 (a screen shows no finer step), and their ranges."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1)
    shares = np.round((points - low) / span * NO_CODE).astype("<u2")
    return {"xy": _encode(shares), "low": low.tolist(), "high": high.tolist()}


def _categories(values: pd.Series) -> Points:
    names = sorted(values.dropna().unique())
    return {"names": names, "codes": _encode(_codes(values, names))}


def _codes(values: pd.Series, names: list[str]) -> np.ndarray:
    text = values.astype(object).where(values.notna(), None).map(str, na_action="ignore")
    return pd.Index(names, dtype=object).get_indexer(text).astype("<u2")  # -1, not found, becomes 65535


def _encode(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
