"""Layers of the encoder and decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scbraid.cvae.counts import SparseValues
    from scbraid.cvae.data import Minibatch

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "silu": F.silu,
    "gelu": F.gelu,
    "tanh": torch.tanh,
}


class Conditions(nn.Module):
    """Turns covariates of cells into the vectors that condition the networks.

    Parameters
    ----------
    n_categories
        Categories of each categorical covariate, the batch first.
    n_continuous
        Continuous covariates.
    embedding_dim
        Length of a category's learned vector; None stands for one-hot vectors.
    """

    def __init__(self, n_categories: Sequence[int], n_continuous: int, *, embedding_dim: int | None = None) -> None:
        super().__init__()
        self.n_categories = tuple(n_categories)
        self.n_continuous = n_continuous
        self.embeddings = nn.ParameterList(
            torch.randn(n, embedding_dim) for n in self.n_categories if embedding_dim is not None
        )
        widths = self.n_categories if embedding_dim is None else [embedding_dim] * len(self.n_categories)
        self.n_features = sum(widths) + n_continuous
        for i, n in enumerate(self.n_categories):
            self.register_buffer(f"one_hot_{i}", torch.eye(n), persistent=False)

    def forward(self, codes: Tensor, continuous: Tensor) -> Tensor:
        """Return condition vectors, cells x `n_features`, from codes (cells x covariates) and continuous values."""
        parts = [self.one_hot(i, code) for i, code in enumerate(codes.unbind(1))]
        if self.embeddings:
            parts = [part @ embedding for part, embedding in zip(parts, self.embeddings)]
        parts += [continuous] if self.n_continuous else []
        return torch.cat(parts, 1) if len(parts) > 1 else parts[0]

    def one_hot(self, covariate: int, codes: Tensor) -> Tensor:
        """One-hot vectors of one covariate's codes."""
        return getattr(self, f"one_hot_{covariate}").index_select(0, codes)


class EncoderInput:
    """Transformed counts of a minibatch, to be multiplied with the encoder's first weights.

    On the host the product and its gradient touch non-zero counts only; on a GPU the dense product is faster.

    Parameters
    ----------
    minibatch
        Cells with their counts.
    transform
        Function of non-zero counts and their cells that keeps zeros zero.
    """

    def __init__(self, minibatch: Minibatch, transform: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._minibatch = minibatch
        self._transform = transform

    def __matmul__(self, weight: Tensor) -> Tensor:
        counts = self._minibatch.counts
        values = self._transform(counts.values, self._minibatch.cells)
        if weight.device.type != "cpu":
            return self._minibatch.dense(values) @ weight
        if not (weight.requires_grad and torch.is_grad_enabled()):
            return _weighted_sums(counts._replace(values=values), weight)
        return _SparseProduct.apply(weight, counts._replace(values=values), self._minibatch.by_gene(values))


class Block(nn.Module):
    """Linear map of inputs and conditions, normalisation, activation and dropout.

    Parameters
    ----------
    n_in, n_out
        Width of the input and of the output.
    n_conditions
        Length of the condition vectors; 0 for a layer that does not see them.
    batch_norm, layer_norm, activation, dropout_rate
        As named in :class:`~scbraid.cvae.parameters.Parameters`.
    """

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
    ) -> None:
        super().__init__()
        bound = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(n_in, n_out).uniform_(-bound, bound))
        # batch normalisation takes any constant off again
        self.bias = None if batch_norm else nn.Parameter(torch.zeros(n_out))
        self.condition_weight = (
            nn.Parameter(torch.empty(n_conditions, n_out).uniform_(-bound, bound)) if n_conditions else None
        )
        self.batch_norm = BatchNorm(n_out) if batch_norm else None
        self.layer_norm = nn.LayerNorm(n_out, elementwise_affine=False) if layer_norm else None
        self.activation = ACTIVATIONS[activation]
        self.dropout_rate = dropout_rate

    def forward(
        self, inputs: Tensor | EncoderInput, conditions: Tensor | None, generator: torch.Generator | None
    ) -> Tensor:
        """Map inputs, cells x n_in, and conditions, cells x n_conditions, to cells x n_out."""
        hidden = inputs @ self.weight
        if self.bias is not None:
            hidden = hidden + self.bias
        if self.condition_weight is not None:
            assert conditions is not None  # a conditional model gives its blocks a vector of every cell
            hidden = hidden.addmm(conditions, self.condition_weight)
        if self.batch_norm is not None:
            hidden = self.batch_norm(hidden)
        if self.layer_norm is not None:
            hidden = self.layer_norm(hidden)
        hidden = self.activation(hidden)
        return dropout(hidden, self.dropout_rate, generator) if self.training and self.dropout_rate > 0 else hidden


# nn.BatchNorm1d gives the same embedding as fast, but its num_batches_tracked would change every weights.pt
class BatchNorm(nn.Module):
    """Batch normalisation with the momentum and epsilon of scvi-tools.

    Parameters
    ----------
    n_features
        Width.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_features))
        self.bias = nn.Parameter(torch.zeros(n_features))
        self.register_buffer("running_mean", torch.zeros(n_features))
        self.register_buffer("running_var", torch.ones(n_features))

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise by the minibatch's statistics in training, by the running ones otherwise."""
        running = (self.running_mean, self.running_var)
        return F.batch_norm(hidden, *running, self.weight, self.bias, self.training, momentum=0.01, eps=1e-3)


def dropout(hidden: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Set a random share of the values to zero and scale up the others.

    Each random number of 64 bits decides over four values, so the rate is met to within 1/65,536.
    """
    numbers = torch.empty(-(-hidden.numel() // 4), dtype=torch.int64, device=hidden.device)
    draws = numbers.random_(-(2**63), None, generator=generator).view(torch.int16)
    kept = draws[: hidden.numel()].view_as(hidden) >= round(rate * 2**16) - 2**15
    return (hidden * kept.to(hidden.dtype)).div_(1 - rate)


class _SparseProduct(torch.autograd.Function):
    """Product of a sparse and a dense matrix, differentiable by the dense one.

    The gradient takes the same sparse matrix in transposed form.
    """

    @staticmethod
    def forward(ctx: Any, dense: Tensor, values: SparseValues, transposed: SparseValues) -> Tensor:
        ctx.transposed = transposed
        return _weighted_sums(values, dense)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        return _weighted_sums(ctx.transposed, upstream), None, None


def _weighted_sums(weights: SparseValues, rows: Tensor) -> Tensor:
    return F.embedding_bag(
        weights.columns, rows, weights.starts, mode="sum", per_sample_weights=weights.values, include_last_offset=True
    )
