"""The section `metrics` of a config, and the pseudotime of a data set."""

from __future__ import annotations

from typing import Any

import pytest

from scbraid.config.resolve import resolve
from scbraid.errors import UserError
from unit.config.configs import config, mistake


def test_defaults() -> None:
    resolved = resolve(config())
    assert resolved["datasets"]["d"]["pseudotime"] is None
    assert resolved["metrics"] == {
        "include": None,
        "profile": "full",
        "max_cells": None,
        "bootstrap": 0,
        "engine": "scbraid",
        "scale_over_methods": False,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config("metrics: {includ: [nmi]}"), "config: metrics: unknown key 'includ', did you mean 'include'?"),
        (
            config("metrics: {include: [nmi, arii]}"),
            "config: metrics/include: unknown metric 'arii', did you mean 'ari'?",
        ),
        (
            config("metrics: {engine: scib, bootstrap: 100}"),
            "config: metrics/bootstrap needs metrics/engine scbraid; the package scib has no intervals",
        ),
        (
            config("metrics: {engine: scib, include: [bras]}", dataset="label: cell_type"),
            "config: metrics/include leaves nothing to rank the runs of datasets/d by; name at least one of nmi, ari, "
            "silhouette_label, isolated_label_f1, isolated_label_silhouette, clisi, ilisi, kbet, graph_connectivity, "
            "pcr",
        ),
        (
            config("metrics: {scale_over_methods: true}"),
            "config: metrics/scale_over_methods compares methods, and the config has 1 beside controls",
        ),
        (
            config(dataset="pseudotime: time"),
            "config: datasets/d/pseudotime needs labels, to find where it begins, but datasets/d/label is null",
        ),
        (
            config(dataset="pseudotime: b, label: cell_type"),
            "config: datasets/d/pseudotime is 'b', the column of the batch or the label",
        ),
        (
            config("metrics: {max_cells: 1e5}"),
            "config: metrics/max_cells is '1e5'; it should be a whole number or null; YAML reads this as text, write "
            "100000",
        ),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message


@pytest.mark.parametrize(("include", "label"), [(["silhouette_batch"], "cell_type"), (["nmi"], None)])
def test_metrics_that_rank_nothing_are_refused(include: list[str], label: str | None) -> None:
    config = {
        "datasets": {"d": {"source": "x.h5ad", "batch": "b", "label": label}},
        "methods": {"pca": {}},
        "metrics": {"include": include},
    }
    with pytest.raises(UserError, match="metrics/include leaves nothing to rank the runs of datasets/d by"):
        resolve(config)
