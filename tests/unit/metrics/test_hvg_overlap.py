from __future__ import annotations

import anndata as ad
import numpy as np
import pytest

from scbraid.metrics.hvg_overlap import hvg_overlap

BATCH = np.repeat(["one", "two"], 150)


@pytest.fixture(scope="module")
def expression() -> ad.AnnData:
    """400 genes of which every fourth differs between two kinds of cells."""
    rng = np.random.default_rng(0)
    rates = np.tile(rng.uniform(1, 6, 400), (300, 1))
    rates[::2, ::4] *= 5
    return ad.AnnData(np.log1p(rng.poisson(rates)).astype(np.float32))


def test_the_same_expression_overlaps_fully(expression):
    assert hvg_overlap(expression, expression, BATCH) == 1


def test_scaled_expression_keeps_its_variable_genes_and_permuted_genes_lose_them(expression):
    shifted = ad.AnnData(expression.X.copy())
    shifted.X[BATCH == "two"] = expression.X[BATCH == "two"][:, np.random.default_rng(1).permutation(400)]
    overlap = hvg_overlap(expression, shifted, BATCH)
    assert overlap == pytest.approx((1 + 0.5) / 2, abs=0.06)  # half of the genes are selected, so half by chance


def test_fewer_genes_are_asked_of_small_data(expression):
    few = expression[:, :60].copy()
    assert hvg_overlap(few, few, BATCH, n_genes=10) == 1
