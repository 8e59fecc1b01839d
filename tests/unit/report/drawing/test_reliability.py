"""Reliability plots: every dot stands where the table has it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from scbraid.report.drawing.reliability import reliability_plot


def test_reliability_dots_stand_at_probability_and_accuracy() -> None:
    bins = pd.DataFrame(
        {
            "low": [0.5, 0.6, 0.9],
            "high": [0.6, 0.7, 1.0],
            "probability": [0.5, np.nan, 1.0],
            "accuracy": [0.25, np.nan, 1.0],
            "cells": [25, 0, 100],
        }
    )
    svg = reliability_plot(bins, title="Reliability of <x>")
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"><title>([^<]*)<', svg)
    ends = [float(number) for number in re.search(r'class="diagonal" d="M(\S+) (\S+)L(\S+) (\S+)"', svg).groups()]
    (x0, y0, x1, y1), ((x, y, small, tip), (last_x, last_y, large, _)) = ends, dots
    assert (float(last_x), float(last_y)) == (x1, y1)
    assert (float(x) - x0) / (x1 - x0) == pytest.approx(0.5, abs=1e-4)
    assert (float(y) - y0) / (y1 - y0) == pytest.approx(0.25, abs=1e-4)
    assert y1 < y0  # higher accuracy stands higher
    assert (float(small) - 2) / (float(large) - 2) == pytest.approx(0.5)  # root of a quarter of the cells
    assert tip == "probability 0.5 to 0.6: 25 cells, mean 0.500, 0.250 right"
    assert "Reliability of &lt;x&gt;" in svg
