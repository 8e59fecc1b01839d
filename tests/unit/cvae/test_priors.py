from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from scbraid.cvae.data import Covariates
from scbraid.cvae.dimensions import Dimensions
from scbraid.cvae.model import VAE
from scbraid.cvae.normals import Normals
from scbraid.cvae.parameters import Parameters

N_CELLS, N_LATENT, N_GENES = 5, 3, 8


def model(prior: str, *, normal_share: float = 0.0, **changes: object) -> VAE:
    torch.manual_seed(0)
    sizes = {"n_latent": N_LATENT, "n_hidden": 6, "n_layers": 1, "n_components": 4}
    settings = Parameters(prior=prior, normal_share=normal_share, **sizes, **changes)
    built = VAE(settings, Dimensions(N_GENES, n_batches=2, n_labels=2)).double()
    with torch.no_grad():
        for weights in built.prior.parameters():
            weights.add_(torch.randn_like(weights), alpha=0.3)
    return built


@pytest.fixture
def posterior() -> Normals:
    generator = torch.Generator().manual_seed(1)
    mean = torch.randn(N_CELLS, N_LATENT, generator=generator, dtype=torch.float64)
    return Normals(mean, torch.rand(N_CELLS, N_LATENT, generator=generator, dtype=torch.float64) + 0.1)


def covariates(n_cells: int = N_CELLS, label: int = -1) -> Covariates:
    codes = (torch.arange(n_cells) % 2)[:, None]
    return Covariates(codes, torch.zeros(n_cells, 0, dtype=torch.float64), torch.full((n_cells,), label))


def as_torch(posterior: Normals) -> Normal:
    return Normal(posterior.mean, posterior.variance.sqrt())


def mixture(prior: torch.nn.Module) -> MixtureSameFamily:
    components = Independent(Normal(prior.mean, (0.5 * prior.log_variance).exp()), 1)
    return MixtureSameFamily(Categorical(logits=prior.logits), components)


def estimate(built: VAE, posterior: Normals, cells: Covariates, n_samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean of the divergence's estimates over samples, and the mean's standard error, of each cell."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        samples = []
        for _ in range(n_samples):
            noise = torch.randn(posterior.mean.shape, generator=generator, dtype=torch.float64)
            z = posterior.mean + posterior.variance.sqrt() * noise
            samples.append(built.prior.kl(posterior, z, cells, built.posterior_of_dense))
    samples = torch.stack(samples)
    return samples.mean(0), samples.std(0) / math.sqrt(n_samples)


def test_standard_normal_has_the_closed_form(posterior: Normals) -> None:
    built = model("normal")
    kl = built.prior.kl(posterior, posterior.mean, covariates(), built.posterior_of_dense)
    reference = kl_divergence(as_torch(posterior), Normal(torch.zeros(()).double(), 1.0)).sum(1)
    torch.testing.assert_close(kl, reference, rtol=1e-12, atol=0)


def test_batch_prior_has_the_closed_form(posterior: Normals) -> None:
    built = model("batch")
    kl = built.prior.kl(posterior, posterior.mean, covariates(), built.posterior_of_dense)
    batch = covariates().batch
    own = Normal(built.prior.mean[batch], (0.5 * built.prior.log_variance[batch]).exp())
    torch.testing.assert_close(kl, kl_divergence(as_torch(posterior), own).sum(1), rtol=1e-12, atol=0)


def test_mixture_estimate_is_a_log_ratio_of_densities(posterior: Normals) -> None:
    built = model("mog")
    z = posterior.mean + 0.3
    kl = built.prior.kl(posterior, z, covariates(), built.posterior_of_dense)
    expected = as_torch(posterior).log_prob(z).sum(1) - mixture(built.prior).log_prob(z)
    torch.testing.assert_close(kl, expected, rtol=1e-10, atol=1e-10)


def test_mixture_estimate_converges_to_the_divergence(posterior: Normals) -> None:
    built = model("mog")
    mean, error = estimate(built, posterior, covariates(), 4000)
    sample = as_torch(posterior).sample((40_000,))
    log_ratio = as_torch(posterior).log_prob(sample).sum(2) - mixture(built.prior).log_prob(sample)
    assert ((mean - log_ratio.mean(0)).abs() < 5 * (error + log_ratio.std(0) / 200)).all()


def test_a_known_label_has_its_own_component(posterior: Normals) -> None:
    built = model("mog")
    mean, error = estimate(built, posterior, covariates(label=1), 4000)
    own = Normal(built.prior.mean[1], (0.5 * built.prior.log_variance[1]).exp())
    assert ((mean - kl_divergence(as_torch(posterior), own).sum(1)).abs() < 5 * error).all()


def test_vamp_prior_is_the_mixture_of_the_encoders_posteriors(posterior: Normals) -> None:
    built = model("vamp").eval()
    z = posterior.mean + 0.3
    kl = built.prior.kl(posterior, z, covariates(), built.posterior_of_dense)
    components = as_torch(built.posterior_of_dense(torch.nn.functional.softplus(built.prior.pseudo_inputs)))
    reference = MixtureSameFamily(Categorical(logits=built.prior.logits), Independent(components, 1)).log_prob(z)
    torch.testing.assert_close(kl, as_torch(posterior).log_prob(z).sum(1) - reference, rtol=1e-10, atol=1e-10)


def test_pseudo_inputs_learn_but_stay_out_of_the_batch_statistics(posterior: Normals) -> None:
    built = model("vamp").train()
    before = {name: value.clone() for name, value in built.named_buffers()}
    built.prior.kl(posterior, posterior.mean, covariates(), built.posterior_of_dense).sum().backward()
    assert built.prior.pseudo_inputs.grad.abs().sum() > 0
    assert built.encoder.training
    assert all(torch.equal(value, before[name]) for name, value in built.named_buffers())


@pytest.mark.parametrize("prior", ["mog", "vamp"])
def test_a_share_of_the_divergence_is_from_the_standard_normal(prior: str, posterior: Normals) -> None:
    z = posterior.mean + 0.3
    own, pooled, normal = (
        built.prior.kl(posterior, z, covariates(), built.posterior_of_dense)
        for built in (model(prior).eval(), model(prior, normal_share=0.3).eval(), model("normal"))
    )
    torch.testing.assert_close(pooled, 0.7 * own + 0.3 * normal, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("prior", ["normal", "batch"])
def test_free_bits_bound_every_dimension_of_a_closed_form(prior: str) -> None:
    built = model(prior, free_bits=0.5)
    batch = covariates().batch
    if prior == "batch":
        matched = Normals(built.prior.mean[batch], built.prior.log_variance[batch].exp())
    else:
        matched = Normals(torch.zeros(N_CELLS, N_LATENT).double(), torch.ones(N_CELLS, N_LATENT).double())
    kl = built.prior.kl(matched, matched.mean, covariates(), built.posterior_of_dense)
    torch.testing.assert_close(kl, torch.full((N_CELLS,), 0.5 * N_LATENT).double())


def test_free_bits_bound_the_sum_of_an_estimate(posterior: Normals) -> None:
    built, bounded = model("mog"), model("mog", free_bits=2.0)
    kl = built.prior.kl(posterior, posterior.mean, covariates(), built.posterior_of_dense)
    expected = kl.clamp(min=2.0 * N_LATENT)
    torch.testing.assert_close(
        bounded.prior.kl(posterior, posterior.mean, covariates(), bounded.posterior_of_dense), expected
    )
    assert (expected > kl).any()
