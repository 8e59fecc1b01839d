"""Training curves."""

from __future__ import annotations

import re

import numpy as np
import pytest

from scbraid.report.drawing.curves import draw_lines


def test_curve_spans_its_frame_in_straight_proportion() -> None:
    svg = draw_lines([np.array([[1, 10.0], [2, 20.0], [3, 15.0]])], title="loss <&>")
    points = np.array([pair.split(",") for pair in re.search(r'points="([^"]+)"', svg)[1].split()], dtype=float)
    (x0, low), (x1, high), (x2, half) = points[:3]
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert half == pytest.approx((low + high) / 2)
    assert low > high  # larger values stand higher
    assert "loss &lt;&amp;&gt;" in svg
