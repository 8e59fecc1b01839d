r"""Differences of the log-gamma and digamma functions, accurate also where both terms are large.

Subtracting ``lgamma(theta)`` from ``lgamma(x + theta)`` in single precision leaves nothing of the result once theta is
large, which is where the negative binomial turns into a Poisson. Here both functions are shifted by four with their
recurrences and expanded in Stirling's series (Abramowitz and Stegun 1964, 6.1.40 and 6.3.18), so that the leading terms
of a difference combine to :math:`\log(1 + x / (\theta + 4))`. One pass gives both functions.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

SHIFT = 4
# Coefficients of u^-1, u^-3, ... of log-gamma; those of u^-2, u^-4, ... of digamma are these times -1, -3, ...
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400, 43867 / 244188,
            -174611 / 125400)  # fmt: skip
TERMS = {torch.float32: 3, torch.float64: len(STIRLING)}


class Remainders(NamedTuple):
    """What the leading terms of Stirling's series leave out at some points, after the shift."""

    log_gamma: Tensor
    digamma: Tensor


def remainders(points: Tensor) -> Remainders:
    """Remainders of log-gamma and digamma at positive points of any shape."""
    inverse = (points + SHIFT).reciprocal_()
    squared = inverse * inverse
    coefficients = STIRLING[: TERMS[points.dtype]]
    log_gamma = torch.full_like(points, coefficients[-1])
    digamma = torch.full_like(points, (2 * len(coefficients) - 1) * coefficients[-1])
    for i, coefficient in reversed(list(enumerate(coefficients[:-1]))):
        log_gamma.mul_(squared).add_(coefficient)
        digamma.mul_(squared).add_((2 * i + 1) * coefficient)
    # v (v + 3) and (v + 1) (v + 2) are a pair of factors of the rising factorial of v
    outer = points * (points + 3)
    inner = outer + 2
    log_gamma.mul_(inverse).sub_(outer.log()).sub_(inner.log())
    slopes = (points + 1.5).mul_(2).mul_(outer.reciprocal_().add_(inner.reciprocal_()))
    digamma.mul_(squared).add_(inverse, alpha=0.5).add_(slopes)
    return Remainders(log_gamma, digamma)


def gamma_differences(counts: Tensor, theta: Tensor, at_theta: Remainders) -> tuple[Tensor, Tensor]:
    r"""Return :math:`\log\Gamma(x + \theta) - \log\Gamma(\theta)` and :math:`\psi(x + \theta) - \psi(\theta)`.

    Parameters
    ----------
    counts
        Positive counts x.
    theta
        Positive :math:`\theta`, of the same shape.
    at_theta
        Remainders at `theta`, computed once where many counts share one theta.
    """
    total = counts + theta
    at_total = remainders(total)
    shifted = theta + SHIFT
    logarithm = torch.log1p(counts / shifted)
    log_gamma = (
        total.add_(SHIFT).log_().sub_(1).mul_(counts)
        .addcmul_(shifted.sub_(0.5), logarithm)
        .add_(at_total.log_gamma)
        .sub_(at_theta.log_gamma)
    )  # fmt: skip
    return log_gamma, logarithm.sub_(at_total.digamma).add_(at_theta.digamma)


class LogGammaRatio(torch.autograd.Function):
    r"""Differentiable :math:`\log\Gamma(x + \theta) - \log\Gamma(\theta)`."""

    @staticmethod
    def forward(ctx, counts: Tensor, theta: Tensor) -> Tensor:  # noqa: ANN001, D102
        ratio, slope = gamma_differences(counts, theta, remainders(theta))
        ctx.save_for_backward(slope)
        return ratio

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[None, Tensor]:  # noqa: ANN001, D102
        return None, upstream * ctx.saved_tensors[0]
