r"""Differences of the log-gamma and digamma functions, accurate also where both terms are large.

Subtracting ``lgamma(theta)`` from ``lgamma(x + theta)`` in single precision leaves nothing of the result once theta is
large, which is where the negative binomial turns into a Poisson. Here both functions are shifted by four with their
recurrences and expanded in Stirling's series (Abramowitz and Stegun 1964, 6.1.40 and 6.3.18), so that the leading terms
of a difference combine to :math:`\log(1 + x / (\theta + 4))`. One pass gives both functions.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHIFT = 4
# Coefficients of u^-1, u^-3, ... of log-gamma; those of u^-2, u^-4, ... of digamma are these times 1, 3, ...
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400, 43867 / 244188,
            -174611 / 125400)  # fmt: skip
TERMS = {torch.float32: 3, torch.float64: len(STIRLING)}


def gamma_differences(counts: Tensor, theta: Tensor, where: Tensor | None = None) -> tuple[Tensor, Tensor]:
    r"""Return :math:`\log\Gamma(x + \theta) - \log\Gamma(\theta)` and :math:`\psi(x + \theta) - \psi(\theta)`.

    Parameters
    ----------
    counts
        Positive counts x, shape (counts,).
    theta
        Positive :math:`\theta`, one a count, or fewer with `where` saying which belongs to each count.
    where
        Position in `theta`, shape (counts,).
    """
    own_theta = theta.clone() if where is None else theta.index_select(0, where)
    total = counts + own_theta
    log_gamma, digamma = _remainders(torch.cat([total, theta]))
    log_gamma, log_gamma_theta = log_gamma[: len(total)], log_gamma[len(total) :]
    digamma, digamma_theta = digamma[: len(total)], digamma[len(total) :]
    if where is not None:
        log_gamma_theta, digamma_theta = log_gamma_theta.index_select(0, where), digamma_theta.index_select(0, where)
    logarithm = (counts / own_theta.add_(SHIFT)).log1p_()
    leading = total.add_(SHIFT).log_().sub_(1).mul_(counts).addcmul_(own_theta.sub_(0.5), logarithm)
    return leading.add_(log_gamma).sub_(log_gamma_theta), logarithm.sub_(digamma).add_(digamma_theta)


def log_gamma_ratio(counts: Tensor, theta: Tensor) -> Tensor:
    r""":math:`\log\Gamma(x + \theta) - \log\Gamma(\theta)`, differentiable by theta; one theta a count."""
    return _LogGammaRatio.apply(counts, theta)


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
    # v (v + 1) (v + 2) (v + 3) = pair (pair + 2) with pair = v (v + 3)
    pair = points * (points + 3)
    rising = (pair + 2).mul_(pair)
    digamma.addcdiv_(pair.add_(1).mul_(points + 1.5), rising, value=4)
    return log_gamma.sub_(rising.log_()), digamma


class _LogGammaRatio(torch.autograd.Function):
    @staticmethod
    def forward(ctx, counts: Tensor, theta: Tensor) -> Tensor:
        ratio, slope = gamma_differences(counts, theta)
        ctx.save_for_backward(slope)
        return ratio

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[None, Tensor]:
        return None, upstream * ctx.saved_tensors[0]
