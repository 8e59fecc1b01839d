"""Matrices: every count and share is that of the table."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from scbraid.report.drawing.matrices import MAX_LABELS, agreement_matrix, confusion_matrix, extent, gather_rare

SQUARE = re.compile(r'<path class="(\w+)" opacity="([\d.]+)" d="M([\d.]+) ([\d.]+)h(\d+)[^"]*"><title>([^<]*)</title>')


def confusion_table(rows: dict[str, list[int]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def test_confusion_shows_every_count_with_its_share_of_the_row() -> None:
    table = confusion_table({"B": [30, 10, 0], "T": [0, 5, 15], "x<&>": [0, 0, 0]}, ["B", "T", "x<&>"])
    table["unknown"] = [10, 0, 4]
    svg = confusion_matrix(table, unseen={"x<&>"}, title="Confusion matrix of a <&> b")
    squares = SQUARE.findall(svg)
    assert [(kind, tip) for kind, *_, tip in squares] == [
        ("right", "B, called B: 30 of 50 cells (60.0 %)"),
        ("wrong", "B, called T: 10 of 50 cells (20.0 %)"),
        ("unknown", "B, called unknown: 10 of 50 cells (20.0 %)"),
        ("right", "T, called T: 5 of 20 cells (25.0 %)"),
        ("wrong", "T, called x&lt;&amp;&gt;: 15 of 20 cells (75.0 %)"),
        ("unknown", "x&lt;&amp;&gt;, called unknown: 4 of 4 cells (100.0 %)"),
    ]
    shares = np.array([0.6, 0.2, 0.2, 0.25, 0.75, 1.0])
    np.testing.assert_allclose([float(opacity) for _, opacity, *_ in squares], 0.08 + 0.72 * shares, atol=0.005)
    # one column is as far from the next as one row: B-B, B-T and T-T
    (x0, y0), (x1, _), (_, y1) = [(float(squares[i][2]), float(squares[i][3])) for i in (0, 1, 3)]
    side = int(squares[0][4])
    assert (x1 - x0, y1 - y0) == pytest.approx((side, side))
    assert re.findall(r'class="value"[^>]*>(\d+)<', svg) == ["30", "10", "10", "5", "15", "4"]
    assert "x&lt;&amp;&gt; *" in svg
    assert 'aria-label="Confusion matrix of a &lt;&amp;&gt; b"' in svg


def test_matrix_without_unknown_has_no_such_column() -> None:
    svg = confusion_matrix(confusion_table({"B": [3, 1], "T": [0, 2]}, ["B", "T"]), unseen=set(), title="c")
    assert "unknown" not in svg


def test_rare_labels_are_gathered_and_no_cell_is_lost() -> None:
    rng = np.random.default_rng(0)
    labels = [f"label {i:02}" for i in range(MAX_LABELS + 10)]
    counts = rng.integers(0, 5, size=(len(labels), len(labels))) + 200 * np.eye(len(labels), dtype=int)
    counts[:, :11] = counts[:11] = 0  # the rarest
    counts[3, 20] = 7
    table = pd.DataFrame(counts, index=labels, columns=labels).assign(unknown=1)
    gathered = gather_rare(table)
    assert list(gathered.index) == [*labels[11:], "11 other labels"]
    assert list(gathered.columns) == [*gathered.index, "unknown"]
    assert gathered.to_numpy().sum() == table.to_numpy().sum()
    assert gathered.at["11 other labels", "label 20"] == 7
    assert gathered.at["11 other labels", "unknown"] == 11
    pd.testing.assert_frame_equal(gathered.loc[labels[11:], labels[11:]], table.loc[labels[11:], labels[11:]])
    assert "value" not in confusion_matrix(table, unseen=set(), title="large")
    small = table.loc[labels[:9], [*labels[:9], "unknown"]]
    assert gather_rare(small) is small


def test_agreement_leaves_out_what_is_missing() -> None:
    names = ["knn · a", "knn · b", "head · c"]
    table = pd.DataFrame([[1, 0.875, np.nan], [0.875, 1, 0.5], [np.nan, 0.5, 1]], index=names, columns=names)
    tips = [tip for *_, tip in SQUARE.findall(agreement_matrix(table, title="Agreement"))]
    assert len(tips) == 7
    assert "knn · a and knn · b: 87.5 % of cells" in tips
    assert not any("knn · a and head · c" in tip for tip in tips)


def test_wide_characters_take_two_places() -> None:
    assert extent("日本") == extent("abcd")
