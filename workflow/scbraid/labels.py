"""Which cells have a label: what stands for none is decided here, for scores and label transfer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

UNLABELLED = frozenset({"", "nan", "unknown", "unlabeled", "unlabelled"})


def known_labels(labels: pd.Series) -> pd.Series:
    """Labels as text (dtype object); NaN where missing, blank, or called unknown or unlabelled in any case."""
    text = labels.astype(object)
    text = text.where(text.isna(), text.astype(str))
    return text.mask(text.astype(str).str.strip().str.lower().isin(UNLABELLED), np.nan)
