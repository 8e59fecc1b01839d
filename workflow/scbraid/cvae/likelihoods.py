r"""Negative log-likelihoods of counts given the decoder's output.

The mean of gene g in cell i is :math:`\mu_{ig} = l_i \, \mathrm{softmax}(a_i)_g` with library size :math:`l_i` and
decoder logits :math:`a`. A minibatch brings its counts as non-zero entries only
(:class:`~scbraid.cvae.data.Minibatch`), so what depends on a count is computed at those entries and nowhere else; the
factorials, which no parameter changes, are summed for each cell beforehand.

The negative binomial has the mean and inverse-dispersion form of Lopez et al. (2018), Deep generative modeling for
single-cell transcriptomics, Nature Methods 15:1053.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch.autograd.function import once_differentiable

from scbraid.cvae.gamma_functions import gamma_differences, log_gamma_ratio

if TYPE_CHECKING:
    from torch import Tensor

    from scbraid.cvae.data import Minibatch


def poisson_loss(logits: Tensor, minibatch: Minibatch) -> Tensor:
    """Negative Poisson log-likelihood of each cell.

    The means of a cell sum to its library size, so only the log-means at non-zero counts depend on the logits.

    Parameters
    ----------
    logits
        Decoder output, cells x genes.
    minibatch
        Counts of the same cells.

    Returns
    -------
    Nats per cell, shape (cells,).
    """
    chosen = minibatch.sum_by_cell(minibatch.counts.values * logits.take(minibatch.positions))
    library = minibatch.library
    log_likelihood = chosen - library * torch.logsumexp(logits, 1) + torch.xlogy(library, library) - library
    return minibatch.log_factorials - log_likelihood


def negative_binomial_loss(logits: Tensor, log_theta: Tensor, minibatch: Minibatch) -> Tensor:
    """Negative log-likelihood of each cell under a negative binomial, with its gradient in closed form.

    Parameters
    ----------
    logits
        Decoder output, cells x genes.
    log_theta
        Logarithm of the inverse dispersion: one a gene, shape (genes,), or one a cell and gene, cells x genes.
    minibatch
        Counts of the same cells.

    Returns
    -------
    Nats per cell, shape (cells,).
    """
    return _NegativeBinomial.apply(logits, log_theta, minibatch)


def zero_inflated_negative_binomial_loss(
    logits: Tensor, log_theta: Tensor, gate_logits: Tensor, minibatch: Minibatch
) -> Tensor:
    r"""Negative log-likelihood of each cell under a negative binomial with extra zeros.

    With gate logit c and :math:`n_0` the log-probability of a zero under the negative binomial, a zero has probability
    :math:`(e^c + e^{n_0}) / (1 + e^c)`, any other count its negative binomial probability divided by :math:`1 + e^c`.

    Parameters
    ----------
    logits, gate_logits
        Decoder outputs, cells x genes: logits of the mean and log-odds of an extra zero.
    log_theta
        Logarithm of the inverse dispersion, shape (genes,) or cells x genes.
    minibatch
        Counts of the same cells.

    Returns
    -------
    Nats per cell, shape (cells,).
    """
    counts, at = minibatch.counts.values, minibatch.positions
    log_theta = log_theta.expand_as(logits)
    log_mean = torch.log_softmax(logits, 1) + minibatch.library.log()[:, None]
    log_ratio = log_mean - log_theta
    log_excess = F.softplus(log_ratio)
    zero = -log_theta.exp() * log_excess
    nonzero = (
        log_gamma_ratio(counts, log_theta.take(at).exp())
        + zero.take(at)
        + counts * (log_ratio.take(at) - log_excess.take(at))
    )
    log_likelihood = torch.logaddexp(gate_logits, zero).put(at, nonzero) - F.softplus(gate_logits)
    return minibatch.log_factorials - log_likelihood.sum(1)


class _NegativeBinomial(torch.autograd.Function):
    r"""Negative binomial loss whose forward pass also prepares its gradient.

    With :math:`t = \mu/\theta`, :math:`w = t / (1 + t)` and :math:`p` the softmax, the loss of a zero is
    :math:`\theta \log(1 + t)`, and a count x takes off
    :math:`\log\Gamma(x+\theta)/\Gamma(\theta) + x \log w`. The derivative by :math:`\log\mu` is
    :math:`\theta w - x (1 - w)`; through the softmax, p times the cell's sum of these is taken off. The derivative by
    :math:`\log\theta` is :math:`\theta` times
    :math:`\log(1+t) - w + x (1 - w)/\theta - (\psi(x+\theta) - \psi(\theta))`.

    A w that underflows counts in the loss as the smallest number there is; the gradient stays exact.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, log_theta: Tensor, minibatch: Minibatch) -> Tensor:
        at, counts, library = minibatch.positions, minibatch.counts.values, minibatch.library
        per_gene = log_theta.dim() == 1
        where = minibatch.counts.columns if per_gene else at
        theta = log_theta.exp()
        theta_at = theta.view(-1).index_select(0, where)
        shared = (theta, where) if per_gene else None
        log_gamma, digamma = gamma_differences(counts, theta_at, shared=shared, above_one=minibatch.above_one)

        share = torch.softmax(logits, 1)
        ratio = torch.mul(share, library[:, None]).mul_((-log_theta).exp())
        log_excess = torch.log1p(ratio)
        weight = ratio.div_(ratio + 1)
        weight_at = weight.view(-1).index_select(0, at)
        zero = torch.mv(log_excess, theta) if per_gene else (log_excess * theta).sum(1)
        log_weight_at = weight_at.clamp(min=torch.finfo(weight.dtype).tiny).log_()
        loss = zero - minibatch.sum_by_cell(log_gamma.addcmul_(counts, log_weight_at)) + minibatch.log_factorials

        observed = torch.addcmul(counts, counts, weight_at, value=-1)
        by_theta = log_excess.sub_(weight)
        by_theta.view(-1).scatter_add_(0, at, torch.div(observed, theta_at).sub_(digamma))
        slope = weight.mul_(theta)
        slope.view(-1).scatter_add_(0, at, observed.neg_())
        slope.addcmul_(share, slope.sum(1, keepdim=True), value=-1)
        ctx.save_for_backward(slope, by_theta, theta)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None]:
        slope, by_theta, theta = ctx.saved_tensors
        grad_theta = upstream @ by_theta if theta.dim() == 1 else by_theta * upstream[:, None]
        return slope * upstream[:, None], grad_theta.mul_(theta), None
