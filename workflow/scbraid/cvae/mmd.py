"""Distance between the batches' distributions in the latent space, to be made small in training where asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)


def batch_discrepancy(z: Tensor, one_hot: Tensor) -> Tensor:
    r"""Squared maximum mean discrepancy between each cell's batch and all cells of the minibatch.

    The V-statistic of Gretton et al. (2012), Journal of Machine Learning Research 13:723, eq. 5, with the mean of
    kernels :math:`\exp(-d^2 / (b \, m))`, m the median squared distance of the minibatch and b the bandwidths.

    Parameters
    ----------
    z
        Latent positions, cells x dimensions.
    one_hot
        Batch of each cell, cells x batches.

    Returns
    -------
    From 0 to 2, shape (cells,); a cell alone of its batch has 0.
    """
    squared = torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist").square()
    scale = squared.detach().median().clamp(min=torch.finfo(z.dtype).tiny)
    kernel = torch.stack([(-squared / (factor * scale)).exp() for factor in BANDWIDTHS]).mean(0)
    n_cells = one_hot.sum(0)
    weights = one_hot / n_cells.clamp(min=1)
    to_batches = kernel @ weights
    within = (weights * to_batches).sum(0)
    across = to_batches.mean(0)
    distances = (within - 2 * across + kernel.mean()) * (n_cells > 1)
    return one_hot @ distances
