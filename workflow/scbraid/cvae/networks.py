"""Encoder and decoder networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scbraid.cvae.data import SparseValues

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
        self.tables = nn.ModuleList(
            nn.Embedding.from_pretrained(torch.eye(n)) if embedding_dim is None else nn.Embedding(n, embedding_dim)
            for n in self.n_categories
        )
        self.n_features = sum(table.embedding_dim for table in self.tables) + n_continuous

    def forward(self, codes: Tensor, continuous: Tensor) -> Tensor:
        """Return the condition vectors, cells x `n_features`, from codes (cells x covariates) and continuous values."""
        parts = [F.embedding(codes[:, i], table.weight) for i, table in enumerate(self.tables)]
        return torch.cat([*parts, continuous], 1)


class SparseProduct(torch.autograd.Function):
    """Product of sparse cells x genes values and a dense genes x features matrix, with its gradient by the latter.

    The gradient needs the same values with genes as rows, so that neither direction touches a zero.
    """

    @staticmethod
    def forward(ctx, weight, values, values_by_gene):  # noqa: ANN001, ANN205, D102
        ctx.values_by_gene = values_by_gene
        return _weighted_sums(values, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):  # noqa: ANN001, ANN205, D102
        return _weighted_sums(ctx.values_by_gene, upstream), None, None


def _weighted_sums(values: SparseValues, rows: Tensor) -> Tensor:
    return F.embedding_bag(
        values.columns, rows, values.starts, mode="sum", per_sample_weights=values.values, include_last_offset=True
    )


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
        # batch normalisation takes any constant off again
        self.bias = None if batch_norm else nn.Parameter(torch.zeros(n_out))
        self.condition_weight = nn.Parameter(torch.empty(n_conditions, n_out).uniform_(-bound, bound))
        self.batch_norm = nn.BatchNorm1d(n_out, momentum=0.01, eps=1e-3) if batch_norm else None
        self.layer_norm = nn.LayerNorm(n_out, elementwise_affine=False) if layer_norm else None
        self.activation = ACTIVATIONS[activation]()
        self.dropout_rate = dropout_rate

    def forward(
        self,
        inputs: Tensor | tuple[SparseValues, SparseValues | None],
        conditions: Tensor | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Map cells x n_in (or sparse values, cells x genes and transposed) to cells x n_out."""
        if isinstance(inputs, tuple):
            hidden = SparseProduct.apply(self.weight, *inputs)
            hidden = hidden if self.bias is None else hidden + self.bias
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
            hidden = dropout(hidden, self.dropout_rate, generator)
        return hidden


def dropout(hidden: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Zero a random share of the values and scale up the others.

    Each 64-bit draw decides over four values by 16 bits of it, so the rate is met to within 1/65,536.
    """
    draws = torch.empty(-(-hidden.numel() // 4), dtype=torch.int64, device=hidden.device)
    bits = draws.random_(-(2**63), None, generator=generator).view(torch.int16)[: hidden.numel()].view_as(hidden)
    kept = (bits >= round(rate * 2**16) - 2**15).to(hidden.dtype)
    return hidden * kept.div_(1 - rate)
