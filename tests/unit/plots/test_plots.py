"""Figures: one colour a name everywhere, the same bytes twice, and what the data demand of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from scbraid.plots.qc import MEASURES, scatter, violins
from scbraid.plots.style import (
    BATCH_COLORS,
    LABEL_COLORS,
    METHOD_COLORS,
    MISSING_COLOR,
    batch_colors,
    label_colors,
    method_colors,
    save,
)
from scbraid.plots.umap import umap_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

N = 90


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def cells() -> pd.DataFrame:
    """QC table of three batches; no doublet scores in c."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame({name: generator.normal(5, 1, size=N) for name in MEASURES})
    table.insert(0, "batch", np.repeat(["b", "a", "c"], N // 3))
    table.loc[table["batch"] == "c", "doublet_score"] = np.nan
    table["kept"] = generator.random(N) < 0.8
    return table


@pytest.fixture
def obs() -> pd.DataFrame:
    label = pd.Categorical(np.tile(["T", "B", None], N // 3))
    return pd.DataFrame({"batch": pd.Categorical(np.repeat(["b", "a", "c"], N // 3)), "label": label})


@pytest.fixture
def layouts() -> dict[str, pd.DataFrame]:
    generator = np.random.default_rng(1)
    return {name: pd.DataFrame(generator.normal(size=(N, 2))) for name in ("pca", "harmony")}


def hexes(colors: Any) -> list[str]:
    return [mpl.colors.to_hex(color).upper() for color in colors]


def test_batch_has_one_colour_in_all_figures(
    cells: pd.DataFrame, obs: pd.DataFrame, layouts: dict[str, pd.DataFrame]
) -> None:
    colors = batch_colors(obs["batch"])
    assert colors == batch_colors(cells["batch"]) == dict(zip("abc", BATCH_COLORS))
    bodies = violins(cells).axes[0].collections
    saturated = [mpl.colors.rgb_to_hsv(body.get_facecolor()[0][:3])[0] for body in bodies]
    expected = [mpl.colors.rgb_to_hsv(mpl.colors.to_rgb(color))[0] for color in colors.values()]
    np.testing.assert_allclose(saturated, expected, atol=0.01)
    figure = umap_grid(layouts, obs)
    order = np.random.default_rng(0).permutation(N)
    for axis in figure.axes[:2]:
        drawn = hexes(axis.collections[0].get_facecolors())
        assert drawn == [colors[name] for name in obs["batch"].iloc[order]]
        np.testing.assert_allclose(axis.collections[0].get_offsets(), layouts[axis.get_title()].to_numpy()[order])
    legend = figure.axes[1].get_legend()
    assert {text.get_text(): handle.get_color() for text, handle in zip(legend.texts, legend.legend_handles)} == colors


def test_label_has_one_colour_and_missing_labels_are_grey(obs: pd.DataFrame, layouts: dict[str, pd.DataFrame]) -> None:
    colors = {"B": LABEL_COLORS[0], "T": LABEL_COLORS[1], None: MISSING_COLOR}
    order = np.random.default_rng(0).permutation(N)
    expected = [colors[name if isinstance(name, str) else None] for name in obs["label"].astype(object).iloc[order]]
    for axis in umap_grid(layouts, obs).axes[2:]:
        assert hexes(axis.collections[0].get_facecolors()) == expected


def test_data_without_labels_have_one_row(obs: pd.DataFrame, layouts: dict[str, pd.DataFrame]) -> None:
    assert len(umap_grid(layouts, obs.drop(columns="label")).axes) == 2


@pytest.mark.parametrize("assign", [batch_colors, label_colors, method_colors])
@pytest.mark.parametrize("count", [1, 8, 9, 10, 40, 150])
def test_colours_differ_and_do_not_depend_on_the_order(assign: Callable, count: int) -> None:
    names = [f"n{i:03}" for i in range(count)]
    colors = assign(names)
    assert list(colors) == names
    assert len(set(colors.values())) == count
    assert assign([*reversed(names), *names]) == colors


def test_batches_labels_and_methods_share_no_colour() -> None:
    assert len({*BATCH_COLORS, *LABEL_COLORS, *METHOD_COLORS}) == sum(
        map(len, (BATCH_COLORS, LABEL_COLORS, METHOD_COLORS))
    )


FIGURES: dict[str, Callable[..., Figure]] = {
    "violins": lambda **data: violins(data["cells"]),
    "scatter": lambda **data: scatter(data["cells"]),
    "umap": lambda **data: umap_grid(data["layouts"], data["obs"]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_same_bytes_twice(
    name: str,
    tmp_path: Path,
    cells: pd.DataFrame,
    obs: pd.DataFrame,
    layouts: dict[str, pd.DataFrame],
) -> None:
    for i in range(2):
        save(FIGURES[name](cells=cells, obs=obs, layouts=layouts), tmp_path / f"{i}.svg")
    first, second = ((tmp_path / f"{i}.svg").read_bytes() for i in range(2))
    assert first == second
    assert b"</svg>" in first
    assert plt.get_fignums() == []


def test_violins_show_before_and_after(cells: pd.DataFrame) -> None:
    figure = violins(cells)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[0] == f"before ({N} cells)"
    assert titles[-1] == f"after ({cells['kept'].sum()} cells)"
    assert len(figure.axes) == 2 * len(MEASURES)


def test_measure_that_no_cell_has_is_left_out(cells: pd.DataFrame) -> None:
    cells["doublet_score"] = np.nan
    assert len(violins(cells).axes) == 2 * (len(MEASURES) - 1)


def test_measure_that_is_the_same_in_all_cells(cells: pd.DataFrame, tmp_path: Path) -> None:
    cells["percent_mitochondrial"] = 0.0
    save(violins(cells), tmp_path / "x.svg")
    assert (tmp_path / "x.svg").stat().st_size > 1000


def test_scatter_marks_dropped_cells(cells: pd.DataFrame) -> None:
    figure = scatter(cells)
    assert [axis.get_title() for axis in figure.axes] == ["a", "b", "c"]
    for axis, (_, table) in zip(figure.axes, cells.groupby("batch")):
        kept, dropped = axis.collections
        assert len(kept.get_offsets()) == table["kept"].sum()
        dropped_cells = table.loc[~table["kept"], ["log_counts", "log_genes"]]
        np.testing.assert_allclose(dropped.get_offsets(), dropped_cells)


def test_umap_leaves_out_runs_that_failed(obs: pd.DataFrame, layouts: dict[str, pd.DataFrame]) -> None:
    failed = layouts | {"scvi": pd.DataFrame(index=range(N))}
    axes = umap_grid(failed, obs).axes
    assert [axis.get_title() for axis in axes] == ["pca", "harmony", "", ""]
    for axis, other in zip(axes, umap_grid(layouts, obs).axes):
        np.testing.assert_array_equal(axis.collections[0].get_offsets(), other.collections[0].get_offsets())


def test_umaps_of_many_runs_wrap(obs: pd.DataFrame, layouts: dict[str, pd.DataFrame]) -> None:
    many = {f"run{i}": layouts["pca"] for i in range(7)}
    axes = np.array(umap_grid(many, obs).axes).reshape(4, 5)
    assert [axis.get_title() for axis in axes[2:].flat if axis.collections] == list(many)
    assert [bool(axis.collections) for axis in axes[1]] == [True, True, False, False, False]
    assert not axes[1, 4].axison
    titles = [axis.get_legend().get_title().get_text() for axis in axes[:, 4] if axis.get_legend()]
    assert titles == ["batch", "label"]


def test_umap_of_failed_runs_alone_keeps_the_legends(obs: pd.DataFrame, tmp_path: Path) -> None:
    figure = umap_grid({"scvi": pd.DataFrame(index=range(N))}, obs)
    assert [axis.get_legend().get_title().get_text() for axis in figure.axes] == ["batch", "label"]
    assert not any(axis.collections for axis in figure.axes)
    save(figure, tmp_path / "x.svg")
    assert (tmp_path / "x.svg").stat().st_size > 1000
