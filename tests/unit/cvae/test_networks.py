from __future__ import annotations

import numpy as np
import pytest
import torch

from scbraid.cvae.networks import Block, Conditions, EncoderInput, dropout
from unit.cvae.simulated import make_minibatch

COUNTS = np.random.default_rng(0).poisson(0.4, (7, 11))


def halved_by_cell(counts: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """A transform that differs between cells."""
    return torch.log1p(counts) * 0.5 ** cells.to(counts)


def test_sparse_product_and_its_gradient_are_those_of_the_dense_one() -> None:
    weight = torch.randn(11, 4, dtype=torch.float64, requires_grad=True)
    product = EncoderInput(make_minibatch(COUNTS), halved_by_cell) @ weight
    dense = torch.log1p(torch.tensor(COUNTS, dtype=torch.float64)) * 0.5 ** torch.arange(7)[:, None]
    torch.testing.assert_close(product, dense @ weight, rtol=1e-12, atol=1e-12)
    upstream = torch.randn(7, 4, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(product, weight, upstream)
    torch.testing.assert_close(gradient, dense.T @ upstream, rtol=1e-12, atol=1e-12)


def test_sparse_product_without_gradient_is_the_same() -> None:
    weight = torch.randn(11, 4, dtype=torch.float64)
    inputs = EncoderInput(make_minibatch(COUNTS), halved_by_cell)
    with torch.no_grad():
        fixed = inputs @ weight
    assert torch.equal(fixed, inputs @ weight.requires_grad_())


def test_dropout_keeps_the_expected_value_and_repeats_with_its_generator() -> None:
    ones = torch.ones(1000, 33)
    first, second, other = (dropout(ones, 0.3, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.unique().tolist() == pytest.approx([0, 1 / 0.7])
    share_zero = float((first == 0).float().mean())
    assert share_zero == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 33_000))


def test_conditions_are_one_hot_blocks_then_continuous() -> None:
    conditions = Conditions((3, 2), 1)
    vectors = conditions(torch.tensor([[2, 0], [0, 1]]), torch.tensor([[0.5], [-1.0]]))
    assert vectors.tolist() == [[0, 0, 1, 1, 0, 0.5], [1, 0, 0, 0, 1, -1.0]]


def test_learned_conditions_are_rows_of_their_tables() -> None:
    conditions = Conditions((3, 2), 0, embedding_dim=4)
    vectors = conditions(torch.tensor([[2, 0], [0, 1]]), torch.zeros(2, 0))
    batch, covariate = conditions.embeddings
    assert torch.equal(vectors, torch.cat([batch[[2, 0]], covariate[[0, 1]]], 1))
    assert conditions.n_features == 8


def make_block(**changes: object) -> Block:
    settings = {
        "n_conditions": 2,
        "batch_norm": False,
        "layer_norm": False,
        "activation": "tanh",
        "dropout_rate": 0.0,
    }
    return Block(5, 3, **{**settings, **changes})


def test_block_maps_inputs_and_conditions() -> None:
    block = make_block()
    inputs, conditions = torch.randn(4, 5), torch.randn(4, 2)
    expected = torch.tanh(inputs @ block.weight + block.bias + conditions @ block.condition_weight)
    torch.testing.assert_close(block(inputs, conditions, None), expected)


def test_batch_norm_makes_unit_variance_before_the_activation() -> None:
    block = make_block(batch_norm=True, activation="leaky_relu")
    hidden = block(torch.randn(500, 5) * 9 + 3, torch.zeros(500, 2), None)
    before = torch.where(hidden > 0, hidden, hidden / 0.01)
    torch.testing.assert_close(before.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(before.std(0), torch.ones(3), atol=0.01, rtol=0)


def test_dropout_is_off_in_evaluation() -> None:
    block = make_block(dropout_rate=0.5)
    inputs, conditions = torch.randn(4, 5), torch.randn(4, 2)
    generator = torch.Generator().manual_seed(0)
    assert (block(inputs, conditions, generator) == 0).any()
    block.eval()
    assert not (block(inputs, conditions, generator) == 0).any()
