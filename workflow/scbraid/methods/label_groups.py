"""Labels as groups of cells, for controls that need every cell in one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scbraid.errors import UserError
from scbraid.labels import known_labels


def label_groups(obs: pd.DataFrame, *, method: str) -> np.ndarray:
    """Group of every cell: labels from 0 in sorted order, then the cells without a label.

    Parameters
    ----------
    obs
        ``label`` of every cell.
    method
        Name for messages.

    Raises
    ------
    UserError
        If no cell has a label.
    """
    labels = known_labels(obs["label"]) if "label" in obs else pd.Series(index=obs.index, dtype=object)
    codes, names = pd.factorize(labels, sort=True)
    if len(names) == 0:
        raise UserError(
            f"{method} needs labels, and the data have none; name their column under 'label' or leave it out"
        )
    return np.where(codes < 0, len(names), codes)
