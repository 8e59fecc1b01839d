r"""Differences of the log-gamma and digamma functions, accurate also where both terms are large.

Subtracting ``lgamma(theta)`` from ``lgamma(x + theta)`` in single precision leaves nothing of the result once theta is
large, which is where the negative binomial turns into a Poisson. Here both functions are shifted by four with their
recurrences and expanded in Stirling's series (Abramowitz and Stegun 1964, 6.1.40 and 6.3.18), so that the leading terms
of a difference combine to :math:`\log(1 + x / (\theta + 4))`. One pass gives both functions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

SHIFT = 4
# Coefficients of u^-1, u^-3, ... of log-gamma; those of u^-2, u^-4, ... of digamma are these times 1, 3, ...
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400, 43867 / 244188,
            -174611 / 125400)  # fmt: skip
TERMS = {torch.float32: 3, torch.float64: len(STIRLING)}


def gamma_differences(
    counts: Tensor,
    theta: Tensor,
    *,
    shared: tuple[Tensor, Tensor] | None = None,
    above_one: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Return :math:`\log\Gamma(x + \theta) - \log\Gamma(\theta)` and :math:`\psi(x + \theta) - \psi(\theta)`.

    Parameters
    ----------
    counts
        Positive counts x, shape (counts,).
    theta
        Positive :math:`\theta` of each count, shape (counts,).
    shared
        Where many counts share a theta: the distinct thetas, and the position among them of each count's.
    above_one
        Positions of the counts above one, where they are known; the others need no series.
    """
    if above_one is None:
        return _by_series(counts, theta, shared)
    log_gamma, digamma = theta.log(), theta.reciprocal()
    if shared is not None:
        shared = (shared[0], shared[1].index_select(0, above_one))
    by_series = _by_series(counts.index_select(0, above_one), theta.index_select(0, above_one), shared)
    return log_gamma.index_copy_(0, above_one, by_series[0]), digamma.index_copy_(0, above_one, by_series[1])


def log_gamma_ratio(counts: Tensor, theta: Tensor) -> Tensor:
    r""":math:`\log\Gamma(x + \theta) - \log\Gamma(\theta)`, differentiable by theta; one theta a count."""
    return _LogGammaRatio.apply(counts, theta)


def _by_series(counts: Tensor, theta: Tensor, shared: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
    total = counts + theta
    points, where = (theta, None) if shared is None else shared
    log_gamma, digamma = (values.split([len(total), len(points)]) for values in _remainders(torch.cat([total, points])))
    below = [values[1] if where is None else values[1].index_select(0, where) for values in (log_gamma, digamma)]
    shifted = theta + SHIFT
    logarithm = (counts / shifted).log1p_()
    leading = total.add_(SHIFT).log_().sub_(1).mul_(counts).addcmul_(shifted.sub_(0.5), logarithm)
    return leading.add_(log_gamma[0]).sub_(below[0]), logarithm.sub_(digamma[0]).add_(below[1])


def _remainders(points: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the leading terms of Stirling's series leave out of log-gamma and digamma, after the shift."""
    inverse = (points + SHIFT).reciprocal_()
    squared = inverse * inverse
    *coefficients, last = STIRLING[: TERMS[points.dtype]]
    log_gamma = squared * last
    digamma = squared * (last * (2 * len(coefficients) + 1))
    for i, coefficient in reversed(list(enumerate(coefficients))):
        log_gamma.add_(coefficient).mul_(squared if i else inverse)
        digamma.add_((2 * i + 1) * coefficient).mul_(squared)
    digamma.add_(inverse, alpha=0.5)
    # v (v + 1) (v + 2) (v + 3) = pair (pair + 2) with pair = v (v + 3); the product itself would overflow for large v
    pair = points * (points + 3)
    above = pair + 2
    digamma.addcmul_((points + 1.5).div_(pair), (pair + 1).div_(above), value=4)
    return log_gamma.sub_(pair.log_()).sub_(above.log_()), digamma


class _LogGammaRatio(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, counts: Tensor, theta: Tensor) -> Tensor:
        ratio, slope = gamma_differences(counts, theta)
        ctx.save_for_backward(slope)
        return ratio

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[None, Tensor]:
        return None, upstream * ctx.saved_tensors[0]
