"""Encoder and decoder networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scbraid.cvae.data import Minibatch

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
}


class Conditions(nn.Module):
    """Turn the covariates of cells into the vectors that condition the networks.

    Parameters
    ----------
    n_categories
        Categories of each categorical covariate, the batch first.
    n_continuous
        Continuous covariates.
    embedding_dim
        Length of a learned vector a category; None stands for one-hot vectors.
    """

    def __init__(self, n_categories: Sequence[int], n_continuous: int, *, embedding_dim: int | None = None) -> None:
        super().__init__()
        self.n_categories = tuple(n_categories)
        self.embeddings = nn.ModuleList(
            nn.Embedding(n, embedding_dim) for n in self.n_categories if embedding_dim is not None
        )
        per_category = sum(self.n_categories) if embedding_dim is None else embedding_dim * len(self.n_categories)
        self.n_features = per_category + n_continuous

    def forward(self, codes: Tensor, continuous: Tensor) -> Tensor:
        """Return the condition vectors, cells x `n_features`, from codes (cells x covariates) and continuous values."""
        if self.embeddings:
            parts = [embedding(code) for embedding, code in zip(self.embeddings, codes.T)]
        else:
            parts = [F.one_hot(code, n).to(continuous) for code, n in zip(codes.T, self.n_categories)]
        return torch.cat([*parts, continuous], 1)


class SparseInput(torch.autograd.Function):
    """Product of a sparse minibatch (values at its non-zero counts) and a weight matrix, genes x features."""

    @staticmethod
    def forward(ctx, weight, values, minibatch):  # noqa: ANN001, ANN205, D102
        ctx.values, ctx.minibatch = values, minibatch
        return F.embedding_bag(
            minibatch.genes, weight, minibatch.starts, mode="sum", per_sample_weights=values
        )

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):  # noqa: ANN001, ANN205, D102
        return ctx.minibatch.dense(ctx.values).T @ upstream, None, None


class Block(nn.Module):
    """Linear layer, normalisation, activation and dropout."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        n_conditions: int,
        batch_norm: bool,
        layer_norm: bool,
        activation: str,
        dropout_rate: float,
        sparse: bool = False,
    ) -> None:
        super().__init__()
        bound = n_in**-0.5
        shape = (n_in, n_out) if sparse else (n_out, n_in)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.condition_weight = nn.Parameter(torch.empty(n_conditions, n_out).uniform_(-bound, bound))
        self.batch_norm = nn.BatchNorm1d(n_out, momentum=0.01, eps=1e-3) if batch_norm else None
        self.layer_norm = nn.LayerNorm(n_out, elementwise_affine=False) if layer_norm else None
        self.activation = ACTIVATIONS[activation]()
        self.dropout_rate = dropout_rate

    def forward(
        self,
        inputs: Tensor | tuple[Tensor, Minibatch],
        conditions: Tensor | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Map cells x n_in (or sparse values and their minibatch) to cells x n_out."""
        if isinstance(inputs, tuple):
            hidden = SparseInput.apply(self.weight, *inputs) + self.bias
        else:
            hidden = F.linear(inputs, self.weight, self.bias)
        if conditions is not None and len(self.condition_weight):
            hidden = hidden.addmm(conditions, self.condition_weight)
        if self.batch_norm is not None:
            hidden = self.batch_norm(hidden)
        if self.layer_norm is not None:
            hidden = self.layer_norm(hidden)
        hidden = self.activation(hidden)
        if self.training and self.dropout_rate > 0:
            kept = torch.empty_like(hidden).bernoulli_(1 - self.dropout_rate, generator=generator)
            hidden = hidden * kept.div_(1 - self.dropout_rate)
        return hidden
