"""Schedules as functions of progress, so that a resumed training needs no state of theirs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scbraid.cvae.parameters import Parameters

N_STEPS = 3000
WARMUP_FRACTION = 0.3
START_DIVISOR = 25
END_DIVISOR = 1e4


def default_epochs(n_cells: int, cells_a_step: int) -> int:
    """Epochs for a data set: as many as make about 3,000 steps, but at most 400 and at least 8."""
    return max(8, min(400, round(N_STEPS * cells_a_step / n_cells)))


def default_batch_size(n_cells: int) -> int:
    """Cells of a minibatch: the power of two that makes 64 to 128 minibatches of all cells, from 128 to 2,048."""
    return min(2048, max(128, 2 ** int(math.log2(max(1, n_cells / 64)))))


def learning_rate(parameters: Parameters, progress: float) -> float:
    """Learning rate when a fraction `progress` of all steps is done.

    The one-cycle policy (Smith and Topin 2019, doi:10.1117/12.2520589) rises from 1/25 of the peak over the first 30 %
    of the steps and falls to 1/10,000 of where it started, both along half a cosine.
    """
    if parameters.lr_schedule == "constant":
        return parameters.lr
    if parameters.lr_schedule == "cosine":
        return parameters.lr * _falling(progress)
    start = parameters.lr / START_DIVISOR
    if progress < WARMUP_FRACTION:
        return parameters.lr - (parameters.lr - start) * _falling(progress / WARMUP_FRACTION)
    end = start / END_DIVISOR
    return end + (parameters.lr - end) * _falling((progress - WARMUP_FRACTION) / (1 - WARMUP_FRACTION))


def kl_weight(parameters: Parameters, epoch: int, n_epochs: int) -> float:
    """Weight of the KL divergence in an epoch counted from 0.

    The linear schedule reaches beta after `n_epochs_kl_warmup` epochs. The cyclic one (Fu et al. 2019,
    arXiv:1903.10145) rises to beta in the first half of each cycle and stays there in the second.
    """
    if parameters.kl_schedule == "constant":
        return parameters.beta
    if parameters.kl_schedule == "cyclic":
        return parameters.beta * min(1.0, 2 * (epoch * parameters.n_kl_cycles / n_epochs % 1))
    return parameters.beta * min(1.0, epoch / kl_warmup(parameters, n_epochs))


def kl_warmup(parameters: Parameters, n_epochs: int) -> int:
    """Epochs until the linear KL schedule reaches beta."""
    return parameters.n_epochs_kl_warmup or max(1, n_epochs // 2)


def _falling(progress: float) -> float:
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
