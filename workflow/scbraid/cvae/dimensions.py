"""What the data say about the model."""

from __future__ import annotations

from typing import NamedTuple


class Dimensions(NamedTuple):
    """What the data say about the model's size and scale."""

    n_genes: int
    n_batches: int = 1
    n_categories: tuple[int, ...] = ()
    n_continuous: int = 0
    n_labels: int = 0
    median_library: float = 1.0
