"""Normal distributions with diagonal covariance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Normals(NamedTuple):
    """Normal distributions with diagonal covariance: means and variances, each distributions x dimensions."""

    mean: Tensor
    variance: Tensor

    def log_density(self, z: Tensor) -> Tensor:
        """Log-density of each distribution at its own row of z, shape (distributions,)."""
        squared = (z - self.mean).square() / self.variance
        return -0.5 * (squared + self.variance.log() + math.log(2 * math.pi)).sum(1)

    def log_densities(self, z: Tensor) -> Tensor:
        """Log-density of every distribution at every row of z, rows x distributions, as two matrix products."""
        scaled = self.mean / self.variance
        constant = (self.mean * scaled + self.variance.log() + math.log(2 * math.pi)).sum(1)
        return (-0.5 * constant).addmm(z, scaled.T).addmm(z.square(), (-0.5 / self.variance).T)
