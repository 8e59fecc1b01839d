from __future__ import annotations

import math

import pandas as pd
import pytest

from scbraid.metrics import DEFAULT_TOTAL, LABEL_FREE, METRICS
from scbraid.metrics.registry import load
from scbraid.metrics.total import total


def table(**values: float) -> pd.DataFrame:
    rows = [(name, value, METRICS[name].group) for name, value in values.items()]
    return pd.DataFrame(rows, columns=["metric", "value", "group"])


def test_total_weighs_group_means():
    scores = table(nmi=0.8, ari=0.6, ilisi=0.2, pcr=0.4, bras=0.6)
    assert total(scores) == pytest.approx((0.7, 0.4, 0.6 * 0.7 + 0.4 * 0.4))


def test_metrics_outside_the_total_do_not_count():
    assert total(table(nmi=0.8, ilisi=0.2, silhouette_batch=1.0)) == pytest.approx((0.8, 0.2, 0.56))
    assert total(table(nmi=0.8, ari=0.1, ilisi=0.2), ["nmi", "ilisi"]) == pytest.approx((0.8, 0.2, 0.56))


def test_half_a_total_is_not_made_up():
    result = total(table(ilisi=0.2, pcr=0.4))
    assert math.isnan(result.bio)
    assert result.batch == pytest.approx(0.3)
    assert math.isnan(result.total)


def test_default_total_is_the_one_of_the_design():
    bio = ("nmi", "ari", "silhouette_label", "isolated_label_f1", "isolated_label_silhouette", "clisi")
    batch = ("bras", "ilisi", "kbet", "graph_connectivity", "pcr")
    assert bio + batch == DEFAULT_TOTAL


def test_every_metric_has_a_function():
    functions = [load(name) for name in METRICS]
    assert [function.__name__ for function in functions] == [f"{name}_statistic" for name in METRICS]


def test_metrics_that_look_at_no_label():
    of_all_cells = [name for name, metric in METRICS.items() if not metric.needs_labels]
    assert of_all_cells == ["cell_cycle", "hvg_overlap", "ilisi", "pcr"]
    assert LABEL_FREE == ("ilisi", "pcr")
