"""The sections `neighbors` and `umap` of a config."""

from __future__ import annotations

from typing import Any

import pytest

from scbraid.config.resolve import resolve
from unit.config.configs import config, mistake


def test_defaults() -> None:
    resolved = resolve(config())
    assert resolved["neighbors"] == {"n_neighbors": 15}
    assert resolved["umap"] == {"min_dist": 0.5}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            config("neighbors: {n_neighbours: 3}"),
            "config: neighbors: unknown key 'n_neighbours', did you mean 'n_neighbors'?",
        ),
        (config("umap: {mindist: 1}"), "config: umap: unknown key 'mindist', did you mean 'min_dist'?"),
        (config("umap: {min_dist: .nan}"), "config: umap/min_dist is nan; it should be a finite number"),
    ],
)
def test_mistakes(given: Any, message: str) -> None:
    assert mistake(given) == message
