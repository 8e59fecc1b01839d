from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from scbraid.errors import UserError
from unit.cvae.simulated import simulate
from unit.cvae.small_models import make

if TYPE_CHECKING:
    import anndata as ad


def test_expression_is_decoded_for_chosen_cells_genes_and_batches(cells: ad.AnnData) -> None:
    model = make(cells, max_epochs=20).fit()
    everything = model.get_normalized_expression()
    assert everything.shape == cells.shape
    np.testing.assert_allclose(everything.sum(axis=1), 1, rtol=1e-5)
    chosen_cells, genes = list(cells.obs_names[[7, 2, 90]]), list(cells.var_names[[30, 4]])
    chosen = model.get_normalized_expression(cells=chosen_cells, gene_list=genes, library_size=1e4)
    pd.testing.assert_frame_equal(chosen, 1e4 * everything.loc[chosen_cells, genes], rtol=1e-5)
    by_batch = {
        batch: model.get_normalized_expression(transform_batch=batch) for batch in ("batch0", "batch1", "batch2")
    }
    own = pd.concat([by_batch[batch].loc[[cell]] for cell, batch in cells.obs["batch"].items()])
    pd.testing.assert_frame_equal(own, everything, rtol=1e-4)
    average = model.get_normalized_expression(transform_batch=["batch0", "batch2"])
    pd.testing.assert_frame_equal(average, (by_batch["batch0"] + by_batch["batch2"]) / 2, rtol=1e-4)
    assert not np.allclose(by_batch["batch0"], by_batch["batch1"], rtol=0.05)


def test_decoded_expression_follows_the_counts() -> None:
    data = simulate(300, 40)
    decoded = make(data, max_epochs=80, lr=0.02).fit().get_normalized_expression().loc[data.obs_names, data.var_names]
    shares = data.X.toarray() / data.X.toarray().sum(1, keepdims=True)
    for group in data.obs["group"].unique():
        here = ((data.obs["group"] == group) & (data.obs["batch"] == "batch0")).to_numpy()
        assert np.corrcoef(decoded[here].mean(0), shares[here].mean(0))[0, 1] > 0.98


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"cells": ["cell9999"]}, "the model has no cell 'cell9999'"),
        ({"gene_list": ["gene04"]}, "the model has no gene 'gene04'; did you mean 'gene0"),
        ({"transform_batch": "batch9"}, "the model has no batch 'batch9'; did you mean 'batch"),
    ],
)
def test_unknown_names_are_not_decoded(cells: ad.AnnData, wanted: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make(cells).get_normalized_expression(**wanted)


def test_cells_whose_names_repeat_are_decoded_all_together(cells: ad.AnnData) -> None:
    twice = cells.copy()
    twice.obs_names = ["same", "same", *cells.obs_names[2:]]
    decoded = make(twice).get_normalized_expression()
    assert decoded.index.tolist() == twice.obs_names.tolist()
    with pytest.raises(UserError, match="cell names repeat"):
        make(twice).get_normalized_expression(cells=["same"])
