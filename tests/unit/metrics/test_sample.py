from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scbraid.metrics.sample import stratified


def strata(*sizes: int) -> pd.DataFrame:
    return pd.DataFrame({"batch": np.repeat([f"b{i}" for i in range(len(sizes))], sizes)})


def drawn(table: pd.DataFrame, cells: np.ndarray) -> list[int]:
    return table.iloc[cells].groupby(list(table.columns), dropna=False).size().tolist()


def test_strata_keep_their_shares():
    table = strata(600, 300, 100)
    assert drawn(table, stratified(table, 100)) == [60, 30, 10]


def test_the_rest_goes_to_those_that_lost_most_by_rounding():
    table = strata(55, 35, 10)  # shares of 8: 4.4, 2.8, 0.8
    assert drawn(table, stratified(table, 8)) == [4, 3, 1]


def test_rare_strata_keep_a_cell_while_there_is_room():
    table = strata(9_990, 5, 5)
    assert drawn(table, stratified(table, 100)) == [98, 1, 1]


def test_more_strata_than_room_are_drawn_alike():
    table = pd.DataFrame({"batch": np.repeat(["a", "b"], 450), "label": np.tile([f"t{i}" for i in range(150)], 6)})
    cells = stratified(table, 100)
    assert len(cells) == 100
    assert table["batch"].iloc[cells].value_counts().min() > 30
    assert not np.array_equal(cells, stratified(table, 100, seed=1))


def test_a_missing_label_is_a_stratum_of_its_own():
    table = pd.DataFrame({"label": ["T"] * 80 + [None] * 20})
    assert drawn(table, stratified(table, 10)) == [8, 2]


@pytest.mark.parametrize("size", [None, 10, 11])
def test_enough_room_keeps_every_cell_in_order(size):
    assert stratified(strata(4, 6), size).tolist() == list(range(10))


def test_the_seed_decides_and_positions_ascend():
    table = strata(500, 500)
    first, again, other = (stratified(table, 50, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (np.diff(first) > 0).all()
