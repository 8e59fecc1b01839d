"""Roles of cells in label transfer: what is hidden, from whom, and what cannot be a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from scbraid.errors import UserError
from scbraid.transfer.tasks import assign_roles, tasks, visible_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

OBS = pd.DataFrame(
    {"batch": ["a", "a", "b", "b", "c", "c"], "label": ["T", "B", "T", None, "Unknown", "NK"]},
    index=[f"cell{i}" for i in range(6)],
)


def roles(query: Sequence[str] | str, reference: list[str] | None = None) -> pd.DataFrame:
    return assign_roles(OBS, query=query, reference=reference, name="d")


def names(chosen: np.ndarray) -> str:
    return "".join(name[-1] for name in OBS.index[chosen])


def test_named_batches_are_held_out() -> None:
    cells = roles(["b"])
    assert cells["task"].tolist() == [None, None, "query", "query", None, None]
    assert [(task, names(reference), names(held_out)) for task, reference, held_out in tasks(cells)] == [
        ("query", "015", "23")
    ]
    assert visible_labels(cells).tolist() == ["T", "B", np.nan, np.nan, np.nan, "NK"]


def test_reference_batches_may_be_named() -> None:
    cells = roles(["b"], ["c"])
    ((_, reference, held_out),) = tasks(cells)
    assert (names(reference), names(held_out)) == ("5", "23")
    assert visible_labels(cells).dropna().to_dict() == {"cell5": "NK"}
    in_turn = roles("each_batch", ["a"])
    assert visible_labels(in_turn, "b").dropna().to_dict() == {"cell0": "T", "cell1": "B"}
    assert visible_labels(in_turn, "a").isna().all()


def test_each_batch_is_left_out_once() -> None:
    cells = roles("each_batch")
    assert [(task, names(reference), names(held_out)) for task, reference, held_out in tasks(cells)] == [
        ("a", "25", "01"),
        ("b", "015", "23"),
        ("c", "012", "45"),
    ]
    assert visible_labels(cells, "a").tolist()[2:] == ["T", np.nan, np.nan, "NK"]
    assert visible_labels(cells, "a").isna().tolist()[:2] == [True, True]
    assert visible_labels(cells).tolist() == ["T", "B", "T", np.nan, np.nan, "NK"]


def test_cells_without_label_are_held_out() -> None:
    ((task, reference, held_out),) = tasks(roles("unlabelled"))
    assert (task, names(reference), names(held_out)) == ("unlabelled", "0125", "34")


def test_batch_that_has_all_labels_is_no_task() -> None:
    obs = OBS.assign(label=["T", "B", None, None, "NK", None])
    found = [task for task, _, _ in tasks(assign_roles(obs, query="each_batch", reference=None, name="d"))]
    assert found == ["a", "b", "c"]
    only_a_and_c = obs.assign(label=["T", "B", None, None, None, "T"])
    cells = assign_roles(only_a_and_c, query="each_batch", reference=["a"], name="d")
    assert [task for task, _, _ in tasks(cells)] == ["b", "c"]


def test_order_of_cells_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(len(OBS))
    for query in (["b"], "each_batch", "unlabelled"):
        shuffled = assign_roles(OBS.iloc[order], query=query, reference=None, name="d")
        pd.testing.assert_frame_equal(shuffled, roles(query).iloc[order])


@pytest.mark.parametrize(
    ("changes", "query", "reference", "message"),
    [
        ({}, ["bb"], None, "datasets/d/transfer names batch 'bb', did you mean 'b'?"),
        ({}, ["a"], ["cc"], "datasets/d/transfer names batch 'cc', did you mean 'c'?"),
        ({}, ["a", "b", "c"], None, "datasets/d/transfer: every batch is a query; leave at least one as reference"),
        ({"label": None}, ["a"], None, "datasets/d/transfer: no cell of the reference batches has a label to transfer"),
        (
            {"label": ["T", "B"] + [None] * 4},
            "each_batch",
            None,
            "datasets/d/transfer: each_batch needs labels in two batches or more",
        ),
        (
            {"label": "T"},
            "unlabelled",
            None,
            "datasets/d/transfer: every cell has a label, there is nothing to predict for query: unlabelled",
        ),
    ],
)
def test_what_is_no_task(changes: dict[str, Any], query: Any, reference: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        assign_roles(OBS.assign(**changes), query=query, reference=reference, name="d")
    assert str(caught.value) == message
