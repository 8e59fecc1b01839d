"""The section of quality control: why cells were dropped."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scbraid.report.sections.qc import drop_table


def test_cells_with_two_reasons_count_in_both_and_none_is_no_row() -> None:
    cells = pd.DataFrame({"batch": ["a", "a", "b"], "kept": [False, True, False], "reason": ["x;y", np.nan, "y"]})
    table = drop_table(cells)
    assert table.to_dict("index") == {"a": {"x": 1, "y": 1}, "b": {"x": 0, "y": 1}}
    assert list(drop_table(cells.assign(kept=True)).columns) == []
