"""Charts as inline SVG: marks where the geometry has them, each with its values in words."""

from __future__ import annotations

import re

import pytest

from scbraid.plots.charts import bio_against_batch
from scbraid.report.drawing.charts import draw, score_charts
from unit.benchmark.standing import standing
from unit.report.page import Page

PLACE = re.compile(
    r'<g class="mark([^"]*)" role="img" style="--light:(#\w+);--dark:(#\w+)"><title>([^<]*)</title>.*?'
    r'<path class="shape" transform="translate\((\S+) (\S+)\)'
)


def test_marks_stand_where_the_geometry_has_them() -> None:
    chart = bio_against_batch(standing())
    found = PLACE.findall(draw(chart, title="x"))
    assert len(found) == len(chart.marks) == 5
    for mark, (kind, light, _, tip, x, y) in zip(chart.marks, found):
        assert (float(x), float(y)) == pytest.approx((mark.x, mark.y), abs=0.01)
        assert (tip, light) == (mark.tip, mark.color)
        assert kind == (" control" if mark.is_control else "")


def test_every_mark_has_a_title_and_every_chart_a_name() -> None:
    page = Page("".join(score_charts(standing(), name="blood")))
    assert {name: len(tips) for name, tips in page.drawings.items()} == {
        "Bio conservation against batch correction on blood": 5,
        "Total score against run time on blood": 4,
    }
    assert page.drawings["Total score against run time on blood"][0].startswith("scvi: total 0.630 ± 0.014")


def test_error_bars_only_where_seeds_spread() -> None:
    assert draw(bio_against_batch(standing()), title="x").count('class="spread"') == 2
    assert 'class="spread"' not in draw(bio_against_batch(standing("pca", "harmony")), title="x")


def test_data_without_labels_have_one_chart_and_failed_ones_none() -> None:
    (chart,) = score_charts(standing(only=("ilisi",)), name="gbm")
    assert 'aria-label="Batch score against run time on gbm"' in chart
    assert score_charts(standing("sysvi"), name="gbm") == []


def test_names_stay_text() -> None:
    (chart, _) = score_charts(standing(), name="<b>&")
    assert "on &lt;b&gt;&amp;" in chart
    assert "<b>" not in chart


def test_colours_come_from_the_page() -> None:
    drawn = score_charts(standing(), name="blood")[0]
    assert not re.search(r'(fill|stroke)="', drawn)
