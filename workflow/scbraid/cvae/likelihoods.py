r"""Log-likelihoods of counts given the decoder's output.

The mean of gene g in cell i is :math:`\mu_{ig} = l_i \, \mathrm{softmax}(a_i)_g` with library size :math:`l_i` and decoder
logits :math:`a`. A minibatch's counts come as their non-zero entries only (:class:`~scbraid.cvae.data.Minibatch`), so
everything that depends on a count is computed at those entries and nowhere else.

The negative binomial follows the mean and inverse-dispersion form used by Lopez et al. (2018), Deep generative modeling
for single-cell transcriptomics, Nature Methods 15:1053.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812
from torch.autograd.function import once_differentiable

if TYPE_CHECKING:
    from torch import Tensor

    from scbraid.cvae.data import Minibatch


def poisson_loss(logits: Tensor, minibatch: Minibatch) -> Tensor:
    """Negative Poisson log-likelihood of each cell.

    Since the means of a cell sum to its library size, only the log-means at non-zero counts and the library remain.

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
    rows, counts = minibatch.rows, minibatch.counts
    log_mean = _log_mean(logits, torch.logsumexp(logits, 1), minibatch)
    nonzero = torch.lgamma(counts + 1) - counts * log_mean
    return minibatch.library.index_add(0, rows, nonzero)


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
    return _NegativeBinomial.apply(
        logits, log_theta, minibatch.library, minibatch.rows, minibatch.genes, minibatch.counts
    )


def zero_inflated_negative_binomial_loss(
    logits: Tensor, log_theta: Tensor, gate_logits: Tensor, minibatch: Minibatch
) -> Tensor:
    r"""Negative log-likelihood of each cell under a negative binomial with extra zeros.

    With gate logit c and :math:`n_0` the log-probability of a zero under the negative binomial, a zero has probability
    :math:`(e^c + e^{n_0}) / (1 + e^c)` and any other count its negative binomial probability divided by :math:`1 + e^c`.

    Parameters
    ----------
    logits, gate_logits
        Decoder outputs, cells x genes: the mean's logits and the log-odds of an extra zero.
    log_theta
        Logarithm of the inverse dispersion, shape (genes,) or cells x genes.
    minibatch
        Counts of the same cells.

    Returns
    -------
    Nats per cell, shape (cells,).
    """
    counts = minibatch.counts
    log_theta = log_theta.expand_as(logits)
    normaliser = torch.logsumexp(logits, 1, keepdim=True)
    log_ratio = logits - normaliser + minibatch.library.log()[:, None] - log_theta
    log_excess = F.softplus(log_ratio)
    if_zero = torch.logaddexp(gate_logits, -log_theta.exp() * log_excess)

    at = minibatch.flat_index
    theta = log_theta.exp().take(at)
    if_nonzero = (
        _log_gamma_ratio(theta, counts)
        - torch.lgamma(counts + 1)
        - theta * log_excess.take(at)
        + counts * (log_ratio.take(at) - log_excess.take(at))
    )
    log_likelihood = if_zero.reshape(-1).index_put((at,), if_nonzero).view_as(logits) - F.softplus(gate_logits)
    return -log_likelihood.sum(1)


class _NegativeBinomial(torch.autograd.Function):
    r"""Negative binomial loss whose forward pass also prepares its gradient.

    With :math:`t = \mu/\theta`, :math:`w = t / (1 + t)` and :math:`p` the softmax, the loss of a zero is
    :math:`\theta \log(1 + t)`; a count x adds :math:`-\log\Gamma(x+\theta)/\Gamma(\theta) + \log x! - x(\log t - \log(1+t))`.
    The derivative by :math:`\log\mu` is :math:`\theta w - x (1 - w)`, and through the softmax each cell's sum of these,
    times p, is taken off. The derivative by :math:`\log\theta` is
    :math:`\theta(\log(1+t) - w) + x (1 - w) - \theta (\psi(x+\theta) - \psi(\theta))`.
    """

    @staticmethod
    def forward(ctx, logits, log_theta, library, rows, genes, counts):  # noqa: ANN001, ANN205, D102
        n_cells, n_genes = logits.shape
        at = rows * n_genes + genes
        per_gene = log_theta.dim() == 1
        where_theta = genes if per_gene else at
        theta = log_theta.exp()
        theta_at = theta.take(where_theta)

        share = torch.softmax(logits, 1)
        normaliser = logits.amax(1) - share.amax(1).log()
        ratio = (share * library[:, None]).mul_((-log_theta).exp())
        log_excess = torch.log1p(ratio)
        weight = ratio.div_(ratio + 1)

        log_ratio_at = (logits.take(at) - normaliser[rows]) + (library.log()[rows] - log_theta.take(where_theta))
        nonzero = (
            torch.lgamma(counts + 1)
            - _log_gamma_ratio(theta_at, counts)
            - counts * (log_ratio_at - log_excess.take(at))
        )
        zero = torch.mv(log_excess, theta) if per_gene else (log_excess * theta).sum(1)
        loss = zero.index_add_(0, rows, nonzero)

        observed = counts * (1 - weight.take(at))
        excess = log_excess.sub_(weight)
        slope = weight.mul_(theta)
        slope.view(-1).index_put_((at,), slope.take(at) - observed)
        slope.addcmul_(share, slope.sum(1, keepdim=True), value=-1)
        ctx.per_gene = per_gene
        ctx.save_for_backward(slope, excess, theta, theta_at, observed, rows, genes, counts)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):  # noqa: ANN001, ANN205, D102
        slope, excess, theta, theta_at, observed, rows, genes, counts = ctx.saved_tensors
        nonzero = observed - theta_at * (torch.digamma(counts + theta_at) - torch.digamma(theta_at))
        nonzero = nonzero * upstream[rows]
        if ctx.per_gene:
            by_theta = (upstream @ excess).mul_(theta).index_add_(0, genes, nonzero)
        else:
            by_theta = excess * theta * upstream[:, None]
            by_theta.view(-1).index_add_(0, rows * theta.shape[1] + genes, nonzero)
        return slope * upstream[:, None], by_theta, None, None, None, None


def _log_mean(logits: Tensor, normaliser: Tensor, minibatch: Minibatch) -> Tensor:
    """Log-mean at the non-zero counts, exact also where the softmax underflows."""
    return logits.take(minibatch.flat_index) + (minibatch.library.log() - normaliser)[minibatch.rows]


def _log_gamma_ratio(theta: Tensor, counts: Tensor) -> Tensor:
    r""":math:`\log \Gamma(x + \theta) / \Gamma(\theta)`."""
    return torch.lgamma(counts + theta) - torch.lgamma(theta)
