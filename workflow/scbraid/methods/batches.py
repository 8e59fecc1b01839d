"""What a method that corrects batches needs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def check_batches(batch: pd.Series, *, method: str, fewest: int, why: str) -> None:
    """Prove that there are two batches or more, each of so many cells that a method can work.

    Parameters
    ----------
    batch
        Batch of every cell, categorical.
    method
        Name for messages.
    fewest
        Cells that every batch must have.
    why
        What needs them and what would help, for the message.

    Raises
    ------
    UserError
        One batch, or a batch of too few cells.
    """
    sizes = batch.value_counts()
    sizes = sizes[sizes > 0]
    if len(sizes) < 2:
        raise UserError(f"{method}: the data have one batch, there is nothing to correct; leave this method out")
    if sizes.min() < fewest:
        cells = "one cell" if sizes.min() == 1 else f"{sizes.min()} cells"
        raise UserError(f"{method}: batch '{sizes.idxmin()}' has {cells}, {why}")
