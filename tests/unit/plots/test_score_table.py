"""The score table as a figure: its numbers, circles and bars are those of the summary."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.patches import Circle, Rectangle

from scbraid.metrics import METRICS
from scbraid.plots.labels import text_width
from scbraid.plots.score_columns import FONT, FULL, lay_out
from scbraid.plots.scores import score_table
from scbraid.plots.style import save
from unit.benchmark.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def texts(axis: Axes) -> list[tuple[str, float, float]]:
    return [(text.get_text(), *text.get_position()) for text in axis.texts]


def height_of(axis: Axes, name: str) -> float:
    return next(y for text, _, y in texts(axis) if text == name)


def row(axis: Axes, name: str) -> list[str]:
    """Texts at the height of a method, from left to right."""
    y = height_of(axis, name)
    return [text for text, _, other in sorted(texts(axis), key=lambda found: found[1]) if other == y]


def below(axis: Axes, name: str) -> list[str]:
    """Texts between a method and the next line, from left to right."""
    y = height_of(axis, name)
    return [text for text, _, other in sorted(texts(axis), key=lambda found: found[1]) if y < other < y + 16]


def test_rows_hold_raw_values_means_over_seeds() -> None:
    axis = score_table(standing()).axes[0]
    assert row(axis, "scvi") == [
        "scvi",
        "0.75",
        "0.55",
        "0.90",
        "0.60",
        "0.650",
        "0.600",
        "0.630",
        "1",
        "2 min",
        "500 MB",
        "cuda:0",
    ]
    assert row(axis, "pca")[1:8] == ["0.75", "0.50", "0.70", "0.00", "0.625", "0.000", "0.375"]
    assert row(axis, "control_labels")[-4:] == ["", "0.001 s", "500 MB", "cpu"]


def test_spread_over_seeds_stands_below_the_mean() -> None:
    axis = score_table(standing()).axes[0]
    # both seeds are 0.1 or 0.2 apart: sd = difference / sqrt(2)
    assert below(axis, "scvi") == ["0.07", "0.07", "0.00", "0.14", "±0.071", "±0.141", "±0.014"]
    assert not below(score_table(standing("harmony", "pca")).axes[0], "harmony")


def test_missing_values_are_dashes() -> None:
    axis = score_table(standing()).axes[0]
    assert row(axis, "bbknn")[1:5] == ["0.60", "1.00", "–", "0.30"]


def test_area_of_circles_and_length_of_bars_are_values() -> None:
    axis = score_table(standing()).axes[0]
    columns = {column.name: column for group in lay_out(standing()) for column in group.columns}
    y = height_of(axis, "scvi")
    circles = {
        patch.center[0]: patch.radius for patch in axis.patches if isinstance(patch, Circle) and patch.center[1] == y
    }
    full = {
        patch.center[0]: patch.radius
        for patch in axis.patches
        if isinstance(patch, Circle) and patch.center[1] == height_of(axis, "control_labels")
    }[columns["nmi"].middle]
    for name, value in {"nmi": 0.75, "isolated_label_f1": 0.55, "silhouette_batch": 0.9, "ilisi": 0.6}.items():
        assert (circles[columns[name].middle] / full) ** 2 == pytest.approx(value)
    bars = {
        patch.get_x(): patch.get_width()
        for patch in axis.patches
        if isinstance(patch, Rectangle) and patch.get_y() + patch.get_height() / 2 == pytest.approx(y)
    }
    whole = columns["bio"].width - 5
    for name, value in {"bio": 0.65, "batch": 0.6, "total": 0.63}.items():
        assert bars[columns[name].left] / whole == pytest.approx(value)


def test_controls_and_failed_methods_stand_apart_below() -> None:
    axis = score_table(standing()).axes[0]
    order = ["scvi", "bbknn", "harmony", "pca", "controls", "control_labels", "failed", "sysvi"]
    heights = [height_of(axis, name) for name in order]
    assert heights == sorted(heights)
    assert row(axis, "sysvi") == ["sysvi", "seed 0: ValueError: no convergence"]
    lines = sorted({line.get_ydata()[0] for line in axis.lines if line.get_linewidth() == 0.6})
    assert len(lines) == 4
    assert heights[3] < lines[1] < heights[4]
    assert heights[5] < lines[2] < heights[6]


def test_groups_have_titles_above_their_columns() -> None:
    groups = lay_out(standing())
    assert [(group.title, [column.name for column in group.columns]) for group in groups] == [
        ("bio conservation", ["nmi", "isolated_label_f1"]),
        ("batch correction", ["silhouette_batch", "ilisi"]),
        ("scores", ["bio", "batch", "total"]),
        ("", ["rank", "time", "memory", "device"]),
    ]
    assert [column.name for group in groups for column in group.columns if column.is_aside] == ["silhouette_batch"]
    ends = [end for group in groups for end in (group.left, group.right)]
    assert ends == sorted(ends)


def test_data_without_labels_have_no_bio_columns() -> None:
    groups = lay_out(standing(only=("ilisi", "pcr")))
    assert [[column.name for column in group.columns] for group in groups] == [
        ["ilisi"],
        ["batch"],
        ["rank", "time", "memory", "device"],
    ]


@pytest.mark.parametrize("count", [4, 12, len(METRICS)])
def test_text_is_readable_on_a_page(count: int, tmp_path: Path) -> None:
    summary = standing()
    metrics = list(METRICS)[:count]
    wide = pd.concat(
        [
            summary.drop(columns=[name for name in METRICS if name in summary]),
            pd.DataFrame({name: [0.123456] * len(summary) for name in metrics}),
        ],
        axis=1,
    )
    wide = wide.assign(**{f"{name}_sd": math.nan for name in metrics})
    figure = score_table(wide)
    figure.savefig(tmp_path / "x.svg", bbox_inches="tight")
    centimetres = float(re.search(r'<svg[^>]* width="([\d.]+)pt"', (tmp_path / "x.svg").read_text())[1]) / 72 * 2.54
    assert centimetres <= 18
    assert min(text.get_fontsize() for text in figure.axes[0].texts) >= 7
    columns = [column for group in lay_out(wide) for column in group.columns if column.kind == "metric"]
    for column in columns:
        assert column.has_numbers or column.is_aside
        number = "0.12" if column.width >= FULL else ".12"
        assert text_width(number, FONT) < column.width or not column.has_numbers
    numbers = [text for text in row(figure.axes[0], "harmony") if text in ("0.12", ".12")]
    assert len(numbers) == sum(column.has_numbers for column in columns)
    assert all(after.left >= before.left + before.width - 1e-9 for before, after in pairwise(columns))


def test_scaled_scores_say_so() -> None:
    figure = score_table(standing("scvi", "harmony", "pca", scale=True))
    assert "scaled scores" in [text for text, _, _ in texts(figure.axes[0])]
    assert "scaled to 0-1 over methods" in texts(figure.axes[0])[-1][0]
    assert "scaled" not in "".join(text for text, _, _ in texts(score_table(standing()).axes[0]))


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_same_bytes_twice(kind: str, tmp_path: Path) -> None:
    files = [tmp_path / f"{place}.{kind}" for place in range(2)]
    for file in files:
        save(score_table(standing()), file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"CreationDate" not in files[0].read_bytes()
