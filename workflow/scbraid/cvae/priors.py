"""Priors of the latent space, each with the divergence of the approximate posterior from it.

Every prior has a method ``kl(posterior, z, covariates, encode)`` that returns one divergence a cell, shape (cells,): in
closed form where there is one, else estimated at the sample z; ``encode`` gives the posteriors of transformed profiles,
profiles x genes, that belong to no batch. Free bits (Kingma et al. 2016, arXiv:1606.04934) bound
the divergence from below, in closed forms each dimension's, in estimates their sum.

A learned mixture lets groups of cells drift as far apart as they like. Where a share of its divergence is taken from
the standard normal instead, the prior is proportional to the product of both densities raised to their shares
(logarithmic pooling; Genest and Zidek 1986, Statistical Science 1:114), and the groups stay within reach. Its
normaliser, at most 1 by Hölder's inequality, is left out: the loss remains an upper bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor, nn

from scbraid.cvae.normals import Normals

if TYPE_CHECKING:
    from collections.abc import Callable

    from scbraid.cvae.data import Covariates
    from scbraid.cvae.dimensions import Dimensions
    from scbraid.cvae.parameters import Parameters

    Encode = Callable[[Tensor], Normals]


class StandardNormal(nn.Module):
    """Independent standard normals."""

    def __init__(self, free_bits: float) -> None:
        super().__init__()
        self.free_bits = free_bits

    def kl(self, posterior: Normals, z: Tensor, covariates: Covariates, encode: Encode) -> Tensor:  # noqa: ARG002
        """Divergence of each cell's posterior in closed form."""
        return _bounded(_from_standard_normal(posterior), self.free_bits)


class BatchNormal(nn.Module):
    """One learned normal for each batch."""

    def __init__(self, n_batches: int, n_latent: int, free_bits: float) -> None:
        super().__init__()
        self.free_bits = free_bits
        self.mean = nn.Parameter(torch.zeros(n_batches, n_latent))
        self.log_variance = nn.Parameter(torch.zeros(n_batches, n_latent))

    def kl(self, posterior: Normals, z: Tensor, covariates: Covariates, encode: Encode) -> Tensor:  # noqa: ARG002
        """Divergence of each cell's posterior in closed form."""
        mean, variance = posterior
        one_hot = torch.nn.functional.one_hot(covariates.batch, len(self.mean)).to(mean)
        log_variance = one_hot @ self.log_variance
        difference = (mean - one_hot @ self.mean).square() + variance
        return _bounded(0.5 * (difference * (-log_variance).exp() - 1 + log_variance - variance.log()), self.free_bits)


class _Mixture(nn.Module):
    """What mixtures of normals have in common: weights of the components, and how far a posterior is from them."""

    def __init__(self, n_components: int, *, normal_share: float, free_bits: float) -> None:
        super().__init__()
        self.normal_share = normal_share
        self.free_bits = free_bits
        self.logits = nn.Parameter(torch.zeros(n_components))

    def log_density(self, components: Tensor) -> Tensor:
        """Log-density of the mixture, shape (cells,), from those of its components, cells x components."""
        return torch.logsumexp(components + torch.log_softmax(self.logits, 0), 1)

    def divergence(self, posterior: Normals, z: Tensor, log_prior: Tensor) -> Tensor:
        """Estimate the divergence of each cell's posterior from the log-density of the prior at z."""
        divergence = posterior.log_density(z) - log_prior
        if self.normal_share > 0:
            divergence = torch.lerp(divergence, _from_standard_normal(posterior).sum(1), self.normal_share)
        return divergence.clamp(min=self.free_bits * z.shape[1]) if self.free_bits > 0 else divergence


class GaussianMixture(_Mixture):
    """Learned mixture of normals; where labels are known, each label has a component of its own.

    A cell of known label has its label's component as prior, any other cell the whole mixture.
    """

    def __init__(
        self, n_components: int, n_labels: int, n_latent: int, *, normal_share: float, free_bits: float
    ) -> None:
        n_components = max(n_components, n_labels)
        super().__init__(n_components, normal_share=normal_share, free_bits=free_bits)
        self.n_labels = n_labels
        self.mean = nn.Parameter(torch.randn(n_components, n_latent))
        self.log_variance = nn.Parameter(torch.zeros(n_components, n_latent))

    def kl(self, posterior: Normals, z: Tensor, covariates: Covariates, encode: Encode) -> Tensor:  # noqa: ARG002
        """Estimate the divergence of each cell's posterior."""
        components = Normals(self.mean, self.log_variance.exp()).log_densities(z)
        log_prior = self.log_density(components)
        if self.n_labels:
            own = components.gather(1, covariates.label.clamp(min=0)[:, None])[:, 0]
            log_prior = torch.where(covariates.label >= 0, own, log_prior)
        return self.divergence(posterior, z, log_prior)


class VampPrior(_Mixture):
    """Mixture of the posteriors of learned pseudo-inputs (Tomczak and Welling 2018, arXiv:1705.07120)."""

    def __init__(self, n_components: int, n_genes: int, *, normal_share: float, free_bits: float) -> None:
        super().__init__(n_components, normal_share=normal_share, free_bits=free_bits)
        self.pseudo_inputs = nn.Parameter(torch.randn(n_components, n_genes))

    def kl(self, posterior: Normals, z: Tensor, covariates: Covariates, encode: Encode) -> Tensor:  # noqa: ARG002
        """Estimate the divergence of each cell's posterior."""
        components = encode(nn.functional.softplus(self.pseudo_inputs)).log_densities(z)
        return self.divergence(posterior, z, self.log_density(components))


Prior: TypeAlias = StandardNormal | BatchNormal | GaussianMixture | VampPrior


def make_prior(parameters: Parameters, dimensions: Dimensions) -> Prior:
    """Build the prior that the parameters name."""
    p, d = parameters, dimensions
    if p.prior == "normal":
        return StandardNormal(p.free_bits)
    if p.prior == "batch":
        return BatchNormal(d.n_batches, p.n_latent, p.free_bits)
    bounds = {"normal_share": p.normal_share, "free_bits": p.free_bits}
    if p.prior == "mog":
        return GaussianMixture(p.n_components, d.n_labels, p.n_latent, **bounds)
    return VampPrior(p.n_components, d.n_genes, **bounds)


def _from_standard_normal(posterior: Normals) -> Tensor:
    """Divergence of each dimension of each posterior, cells x dimensions."""
    mean, variance = posterior
    return 0.5 * (mean.square() + variance - 1 - variance.log())


def _bounded(per_dimension: Tensor, free_bits: float) -> Tensor:
    return (per_dimension.clamp(min=free_bits) if free_bits > 0 else per_dimension).sum(1)
