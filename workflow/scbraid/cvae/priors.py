"""Priors of the latent space, each with its divergence from the approximate posterior."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from scbraid.cvae.model import VAE, Dimensions
    from scbraid.cvae.parameters import Parameters


class StandardNormal(nn.Module):
    """Independent standard normals."""

    def __init__(self, free_bits: float) -> None:
        super().__init__()
        self.free_bits = free_bits

    def kl(self, mean: Tensor, variance: Tensor, z: Tensor, batch: Tensor, model: VAE) -> Tensor:  # noqa: ARG002
        """Divergence of each cell's posterior, shape (cells,)."""
        per_dimension = 0.5 * (mean.square() + variance - 1 - variance.log())
        return per_dimension.clamp(min=self.free_bits).sum(1) if self.free_bits else per_dimension.sum(1)


def make_prior(parameters: Parameters, dimensions: Dimensions) -> nn.Module:
    """Build the prior that the parameters name."""
    return StandardNormal(parameters.free_bits)
