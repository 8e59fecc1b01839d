"""100,000 cells in eight panels: all are drawn, the pointer finds each, and recolouring works."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from browser.scatter import REACH, Scatter
from scbraid.report.drawing.palettes import cell_palettes
from scbraid.report.pages import environment
from scbraid.report.reading.dataset import DatasetResults
from scbraid.report.reading.runs import RunResults
from scbraid.report.sections.umap import umap_points

if TYPE_CHECKING:
    from pathlib import Path

N_CELLS, N_PANELS = 100_000, 8
BATCHES, LABELS = list("abcd"), list("ABCDEFGH")
PAGE = """
{% from "macros.html.j2" import points, choice, panel %}
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><style>{{ asset("style.css") }}</style>
<script>document.documentElement.classList.add("scripted");</script></head>
<body><main>
{{ points("cells", content) }}
{{ choice("cells", palettes) }}
<div class="panels">
{% for layout in content.layouts %}{{ panel("cells", layout, layout, "batch", switched=true) }}{% endfor %}
</div>
</main><div class="tooltip" role="status" hidden></div>
<script>{{ asset("panel.js") }}</script><script>{{ asset("points.js") }}</script></body></html>
"""


def many_cells() -> DatasetResults:
    """Eight labels as clouds, batches mixed."""
    rng = np.random.default_rng(0)
    label = rng.integers(len(LABELS), size=N_CELLS)
    batch = rng.integers(len(BATCHES), size=N_CELLS)
    cells = pd.Index([f"cell-{i}" for i in range(N_CELLS)])
    obs = pd.DataFrame(
        {"batch": pd.Categorical.from_codes(batch, BATCHES), "label": pd.Categorical.from_codes(label, LABELS)}, cells
    )
    unused = {field.name: None for field in dataclasses.fields(DatasetResults)}
    used = {
        "name": "many",
        "qc_cells": obs.reset_index(names="cell"),
        "obs": obs,
        "runs": tuple(_run(f"method {i}", label, cells, rng) for i in range(N_PANELS)),
        "transfers": (),
    }
    return DatasetResults(**(unused | used))


def _run(name: str, label: np.ndarray, cells: pd.Index, rng: np.random.Generator) -> RunResults:
    middles = 6 * rng.normal(size=(len(LABELS), 2))
    layout = pd.DataFrame(middles[label] + rng.normal(size=(N_CELLS, 2)), cells)
    return RunResults(name=name, seed=0, facts={}, history=None, layout=layout)


@pytest.fixture(scope="module")
def dataset() -> DatasetResults:
    return many_cells()


@pytest.fixture(scope="module")
def page(dataset, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("many") / "page.html"
    content, palettes = umap_points(dataset), cell_palettes(dataset)
    path.write_text(environment().from_string(PAGE).render(content=content, palettes=palettes))
    return path


@pytest.fixture
def panels(browser, page) -> list[Scatter]:
    browser.open(page)
    return [Scatter(browser, "main", f"method {i}") for i in range(N_PANELS)]


def test_no_cell_is_left_out(panels) -> None:
    assert panels[0].browser.run("return all[0].names.length") == N_CELLS
    assert [panel.coloring for panel in panels] == ["batch"] * N_PANELS
    assert all(len(panel.colors) > 100 for panel in panels)


def test_recolouring_redraws_every_panel(panels) -> None:
    browser = panels[0].browser
    before = [panel.picture for panel in panels]
    browser.click("input[value=label]")
    assert [panel.coloring for panel in panels] == ["label"] * N_PANELS
    by_label = [panel.picture for panel in panels]
    assert all(new != old for new, old in zip(by_label, before))
    browser.click("input[value=batch]")
    assert [panel.picture for panel in panels] == before


def test_pointer_finds_the_nearest_of_all_cells(panels, dataset) -> None:
    panel = panels[3]
    panel.see()
    layout = dataset.runs[3].layout.to_numpy()
    places = panel.place(layout)
    chosen = np.random.default_rng(1).choice(N_CELLS, 25, replace=False)
    for x, y in np.round(places[chosen]):
        panel.browser.hover(x, y)
        name, batch, label = panel.tooltip
        found = int(name.removeprefix("cell-"))
        distances = np.hypot(*(places - [x, y]).T)
        assert distances.min() < REACH
        assert distances[found] < distances.min() + 0.1  # coordinates are kept in 65,536 steps
        cell = dataset.obs.iloc[found]
        assert (batch, label) == (f"batch: {cell['batch']}", f"label: {cell['label']}")
        assert set(panel.marked()) == {name}
