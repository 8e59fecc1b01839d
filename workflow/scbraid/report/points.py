"""Points for the interactive scatter plots: compact arrays that the page's script decodes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from scbraid.plots.qc import DROPPED_COLOR
from scbraid.plots.style import LABEL_COLORS, MISSING_COLOR, batch_colors, label_colors
from scbraid.report.colors import on_dark

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.report.results import DatasetResults, RunResults

Palette = dict[str, str]
Points = dict[str, Any]

#: code of a point without a name in the palette
NO_CODE = 65535
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


def umap_points(dataset: DatasetResults) -> Points:
    """Cells after quality control: layout (of the first seed) and predictions of every method."""
    palettes = cell_palettes(dataset)
    return _points(
        dataset.obs.index,
        palettes=palettes,
        codes={name: dataset.obs[name] for name in palettes},
        layouts={run.name: _umap_layout(run, dataset, palettes) for run in dataset.first_runs},
    )


def qc_points(dataset: DatasetResults) -> Points:
    """Cells before quality control, by counts, genes and mitochondrial share, with the reason of those dropped."""
    cells = dataset.qc_cells
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
    layout, probabilities float32.

    Returns
    -------
    dict
        ``names`` of the points; ``missing`` and ``palettes``, colours on a light and a dark page; ``codes`` of every
        palette; ``details``, further names and codes for the tooltip; ``layouts``.
    """
    return {
        "names": [str(name) for name in names],
        "missing": [MISSING_COLOR, on_dark(MISSING_COLOR)],
        "palettes": {
            name: [[key, color, on_dark(color)] for key, color in palette.items()] for name, palette in palettes.items()
        },
        "codes": {name: _encode(_codes(codes[name], list(palette))) for name, palette in palettes.items()},
        "details": {name: _categories(values) for name, values in (details or {}).items()},
        "layouts": layouts,
    }


def _umap_layout(run: RunResults, dataset: DatasetResults, palettes: dict[str, Palette]) -> Points:
    cells = dataset.obs.index
    layout = _layout(run.layout.loc[cells].to_numpy())
    if run.predictions is not None:
        by_cell = run.predictions.set_index("cell").reindex(cells)
        layout["prediction"] = _encode(_codes(by_cell["prediction"], list(palettes["label"])))
        layout["probability"] = _encode(by_cell["probability"].to_numpy(dtype="<f4"))
    return layout


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
    position = {name: code for code, name in enumerate(names)}
    codes = values.astype(object).where(values.notna(), None)
    return np.array([NO_CODE if value is None else position[str(value)] for value in codes], dtype="<u2")


def _encode(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
