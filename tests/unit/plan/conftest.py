"""A config with one run of every kind of method, as the workflow has it."""

from __future__ import annotations

from typing import Any

import pytest

from scbraid.config.resolve import resolve


@pytest.fixture
def config() -> dict[str, Any]:
    dataset = {"source": "https://example.org/a.h5ad", "batch": "batch", "label": "type"}
    return resolve(
        {
            "datasets": {"blood": dataset | {"transfer": {"query": "each_batch"}}, "lung": dataset},
            "methods": {
                "pca": {},
                "bbknn": {},
                "combat": {},
                "wide": {"method": "cvae", "n_hidden": 256},
                "labels": {"method": "cvae_labels"},
                "best": {"method": "control_labels"},
            },
            "seeds": [3, 5],
            "transfer": {"classifiers": ["knn", "logistic", "head", "mapping"]},
        }
    )
