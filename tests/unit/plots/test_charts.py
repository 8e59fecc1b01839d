"""Charts of a benchmark: marks stand where their scores are, lines where totals are equal, names beside one another."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scbraid.plots.axes import linear_axis, time_axis
from scbraid.plots.chart_figure import chart_figure
from scbraid.plots.charts import RADIUS, bio_against_batch, score_against_time
from scbraid.plots.labels import PADDING, place_labels, text_width
from scbraid.plots.style import CONTROL_COLOR, METHOD_COLORS, save
from unit.benchmark.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scbraid.plots.axes import Axis
    from scbraid.plots.charts import Chart, Mark


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def value(axis: Axis, place: float) -> float:
    """Value at a place, the reverse of the axis."""
    share = (place - axis.start) / (axis.end - axis.start)
    low, high = (math.log10(end) if axis.is_log else end for end in (axis.low, axis.high))
    found = low + share * (high - low)
    return 10**found if axis.is_log else found


def marks(chart: Chart) -> dict[str, Mark]:
    return {mark.name: mark for mark in chart.marks}


def test_axis_places_its_ends_and_middle() -> None:
    axis = linear_axis((0.2, 0.8), (300.0, 100.0), title="x")
    assert (axis.place(axis.low), axis.place(axis.high)) == (300.0, 100.0)
    assert axis.place(0.5) == pytest.approx(200.0)
    assert [text for _, text in axis.ticks] == ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]
    assert [text for _, text in linear_axis((-0.2, 0.2), (0, 1), title="x").ticks] == [
        "−0.2",
        "−0.1",
        "0.0",
        "0.1",
        "0.2",
    ]


def test_time_axis_is_logarithmic_and_ticks_are_round() -> None:
    axis = time_axis(standing()["seconds"].dropna(), (0.0, 100.0))
    assert axis.place(10) - axis.place(1) == pytest.approx(axis.place(100) - axis.place(10))
    assert axis.ticks == ((0.001, "1 ms"), (0.01, "10 ms"), (0.1, "0.1 s"), (1, "1 s"), (10, "10 s"), (60, "1 min"))
    assert len(time_axis(standing("harmony")["seconds"], (0.0, 1.0)).ticks) >= 1


def test_marks_stand_at_their_scores() -> None:
    summary = standing().set_index("method")
    chart = bio_against_batch(standing())
    assert set(marks(chart)) == {"scvi", "harmony", "bbknn", "pca", "control_labels"}
    for name, mark in marks(chart).items():
        assert value(chart.x_axis, mark.x) == pytest.approx(summary.loc[name, "batch"])
        assert value(chart.y_axis, mark.y) == pytest.approx(summary.loc[name, "bio"])
    scvi = marks(chart)["scvi"]
    assert value(chart.x_axis, scvi.x + scvi.x_spread) == pytest.approx(0.6 + summary.loc["scvi", "batch_sd"])
    assert value(chart.y_axis, scvi.y - scvi.y_spread) == pytest.approx(0.65 + summary.loc["scvi", "bio_sd"])
    assert marks(chart)["pca"].x_spread == 0


def test_totals_are_equal_along_a_line() -> None:
    chart = bio_against_batch(standing())
    assert [guide.name for guide in chart.guides] == ["0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]
    for guide in chart.guides:
        for x, y in ((guide.x0, guide.y0), (guide.x1, guide.y1)):
            total = 0.6 * value(chart.y_axis, y) + 0.4 * value(chart.x_axis, x)
            assert total == pytest.approx(float(guide.name))
            assert chart.x_axis.start - 1e-9 <= x <= chart.x_axis.end + 1e-9
            assert chart.y_axis.end - 1e-9 <= y <= chart.y_axis.start + 1e-9


def test_controls_are_grey_landmarks() -> None:
    chart = bio_against_batch(standing())
    controls = {mark.name: (mark.shape, mark.color) for mark in chart.marks if mark.is_control}
    assert controls == {"control_labels": ("cross", CONTROL_COLOR)}
    assert {mark.shape for mark in chart.marks if not mark.is_control} == {"circle"}
    assert [text for _, text, _ in chart.key] == ["method", "control"]
    assert bio_against_batch(standing("pca", "harmony")).key == ()


def test_score_stands_against_time_and_shape_tells_the_device() -> None:
    summary = standing().set_index("method")
    chart = score_against_time(standing())
    assert set(marks(chart)) == {"scvi", "harmony", "bbknn", "pca"}
    for name, mark in marks(chart).items():
        assert value(chart.x_axis, mark.x) == pytest.approx(summary.loc[name, "seconds"])
        assert value(chart.y_axis, mark.y) == pytest.approx(summary.loc[name, "total"])
        assert mark.shape == ("diamond" if name == "scvi" else "circle")
    assert [(shape, text) for shape, text, _ in chart.key] == [("circle", "cpu"), ("diamond", "cuda")]
    (level,) = chart.guides
    assert (level.name, level.y0) == ("control_labels", level.y1)
    assert value(chart.y_axis, level.y0) == pytest.approx(summary.loc["control_labels", "total"])


def test_a_method_has_one_colour_in_all_charts() -> None:
    charts = [bio_against_batch(standing()), score_against_time(standing())]
    colors = [{mark.name: mark.color for mark in chart.marks if not mark.is_control} for chart in charts]
    assert colors[0] == colors[1] == dict(zip(("bbknn", "harmony", "pca", "scvi"), METHOD_COLORS))


def test_without_labels_there_is_only_time_against_the_batch_score() -> None:
    summary = standing(only=("ilisi",))
    assert bio_against_batch(summary) is None
    chart = score_against_time(summary)
    assert (chart.y_axis.title, chart.title) == ("batch score", "Batch score against run time")
    assert value(chart.y_axis, marks(chart)["scvi"].y) == pytest.approx(0.6)
    assert marks(chart)["scvi"].tip == "scvi: batch 0.600 ± 0.141, 120 s on cuda:0"


def test_nothing_scored_draws_nothing() -> None:
    assert score_against_time(standing("sysvi")) is None
    assert bio_against_batch(standing("sysvi")) is None
    assert score_against_time(standing("control_labels")) is None


def test_figure_of_no_chart_says_so(tmp_path: Path) -> None:
    save(chart_figure(bio_against_batch(standing(only=("ilisi",)))), tmp_path / "x.svg")
    assert ">No run has the scores that this chart compares.<" in (tmp_path / "x.svg").read_text()


def test_tips_say_what_a_mark_is() -> None:
    tips = {mark.name: mark.tip for mark in bio_against_batch(standing()).marks}
    assert tips["scvi"] == "scvi: total 0.630 ± 0.014, bio 0.650 ± 0.071, batch 0.600 ± 0.141, 120 s on cuda:0"
    assert tips["pca"] == "pca: total 0.375, bio 0.625, batch 0.000, 0.5 s on cpu"


def test_scaled_scores_say_so() -> None:
    summary = standing("scvi", "harmony", "pca", scale=True)
    assert bio_against_batch(summary).x_axis.title == "batch correction, scaled over methods"
    assert score_against_time(summary).y_axis.title == "total score, scaled over methods"


def area(first: np.ndarray, second: np.ndarray) -> float:
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    return float(np.prod(np.clip(sides, 0, None)))


@pytest.mark.parametrize("seed", range(5))
def test_names_cover_neither_names_nor_marks(seed: int) -> None:
    generator = np.random.default_rng(seed)
    centers = np.vstack([generator.normal((300, 120), (35, 25), size=(11, 2)), generator.uniform(60, 260, size=(4, 2))])
    names = [f"{'method' * (i % 2)}_{i:02}" for i in range(15)]
    frame = (44.0, 24.0, 390.0, 280.0)
    boxes = place_labels(names, centers, radius=RADIUS, size=8, frame=frame)
    for one, other in itertools.combinations(boxes, 2):
        assert area(one, other) == 0
    for box, name in zip(boxes, names):
        assert box[2] - box[0] >= text_width(name, 8)
        assert (box[:2] >= frame[:2]).all()
        assert (box[2:] <= frame[2:]).all()
        assert all(area(box, np.array([*center - 3, *center + 3])) == 0 for center in centers)
    np.testing.assert_array_equal(boxes, place_labels(names, centers, radius=RADIUS, size=8, frame=frame))


def test_a_lone_name_stands_to_the_right_of_its_mark() -> None:
    (box,) = place_labels(["pca"], np.array([[100.0, 100.0]]), radius=4, size=8, frame=(0, 0, 200, 200))
    assert box[0] == 105
    assert box[2] - box[0] == text_width("pca", 8) + 2 * PADDING
    assert (box[1] + box[3]) / 2 == pytest.approx(100)
    (box,) = place_labels(["pca"], np.array([[195.0, 100.0]]), radius=4, size=8, frame=(0, 0, 200, 200))
    assert box[2] <= 200


@pytest.mark.parametrize("kind", ["svg", "pdf"])
@pytest.mark.parametrize("make", [bio_against_batch, score_against_time])
def test_same_bytes_twice(make, kind: str, tmp_path: Path) -> None:
    files = [tmp_path / f"{place}.{kind}" for place in range(2)]
    for file in files:
        save(chart_figure(make(standing())), file)
    assert files[0].read_bytes() == files[1].read_bytes()
    if kind == "svg":
        drawn = files[0].read_text()
        assert all(f">{name}<" in drawn for name in ("scvi", "pca", "control_labels", "0.6"))
