"""Violins of the quality measures."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from scbraid.report.drawing.violins import density, violin_columns


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
