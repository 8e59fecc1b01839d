from __future__ import annotations

import numpy as np
import pytest
import torch
from scvi.distributions import NegativeBinomial, ZeroInflatedNegativeBinomial
from scvi.distributions._negative_binomial import log_nb_positive, log_zinb_positive
from torch.autograd import gradcheck

from scbraid.cvae.likelihoods import (
    negative_binomial_loss,
    poisson_loss,
    zero_inflated_negative_binomial_loss,
)
from unit.cvae.simulated import make_minibatch

N_CELLS, N_GENES = 6, 9
NO_GUARD = 1e-200


@pytest.fixture(params=["ordinary", "extreme"])
def case(request: pytest.FixtureRequest) -> tuple:
    """Counts, logits, log-theta and gate logits; extreme ones reach a million counts and vanishing means."""
    rng = np.random.default_rng(3)
    scale = {"ordinary": 1.0, "extreme": 6.0}[request.param]
    counts = rng.poisson(1.5, (N_CELLS, N_GENES))
    if request.param == "extreme":
        counts[0, :3] = [1_000_000, 1, 70_000]
        counts[1] = 0
        counts[2] = [0] * (N_GENES - 1) + [3]
    logits = torch.tensor(rng.normal(0, scale, (N_CELLS, N_GENES)), requires_grad=True)
    log_theta = torch.tensor(rng.normal(0, scale, N_GENES), requires_grad=True)
    gate = torch.tensor(rng.normal(0, scale, (N_CELLS, N_GENES)), requires_grad=True)
    return counts, logits, log_theta, gate


def means(counts: np.ndarray, logits: torch.Tensor) -> torch.Tensor:
    return torch.softmax(logits, 1) * torch.tensor(counts.sum(1, keepdims=True), dtype=logits.dtype)


def as_floats(counts: np.ndarray) -> torch.Tensor:
    return torch.tensor(counts, dtype=torch.float64)


def covered(counts: np.ndarray) -> np.ndarray:
    """Cells with counts: a mean of zero is outside of what the reference distributions take."""
    return counts.sum(1) > 0


def test_negative_binomial_agrees_with_torch(case: tuple) -> None:
    counts, logits, log_theta, _ = case
    loss = negative_binomial_loss(logits, log_theta, make_minibatch(counts))
    odds = means(counts, logits).log() - log_theta
    reference = torch.distributions.NegativeBinomial(log_theta.exp(), logits=odds, validate_args=False)
    expected = -reference.log_prob(as_floats(counts)).sum(1)
    keep = covered(counts)
    torch.testing.assert_close(loss[keep], expected[keep], rtol=1e-9, atol=0)
    assert (loss[~keep] == 0).all()


def test_negative_binomial_agrees_with_scvi_tools() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(2, (N_CELLS, N_GENES))
    logits, log_theta = torch.tensor(rng.normal(size=(N_CELLS, N_GENES))), torch.tensor(rng.normal(size=N_GENES))
    loss = negative_binomial_loss(logits, log_theta, make_minibatch(counts))
    reference = NegativeBinomial(mu=means(counts, logits), theta=log_theta.exp())
    expected = -without_guards(reference, as_floats(counts))
    torch.testing.assert_close(loss, expected, rtol=1e-9, atol=0)


def test_zero_inflated_agrees_with_scvi_tools() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(2, (N_CELLS, N_GENES))
    logits, log_theta = torch.tensor(rng.normal(size=(N_CELLS, N_GENES))), torch.tensor(rng.normal(size=N_GENES))
    gate = torch.tensor(rng.normal(size=(N_CELLS, N_GENES)))
    loss = zero_inflated_negative_binomial_loss(logits, log_theta, gate, make_minibatch(counts))
    reference = ZeroInflatedNegativeBinomial(mu=means(counts, logits), theta=log_theta.exp(), zi_logits=gate)
    expected = -without_guards(reference, as_floats(counts))
    torch.testing.assert_close(loss, expected, rtol=1e-9, atol=0)


def without_guards(reference: NegativeBinomial, counts: torch.Tensor) -> torch.Tensor:
    """Log-likelihood of each cell without the 1e-8 that scvi-tools adds to the arguments of its logarithms."""
    if isinstance(reference, ZeroInflatedNegativeBinomial):
        return log_zinb_positive(counts, reference.mu, reference.theta, reference.zi_logits, eps=NO_GUARD).sum(1)
    return log_nb_positive(counts, reference.mu, reference.theta, eps=NO_GUARD).sum(1)


def test_zero_inflated_agrees_with_a_mixture(case: tuple) -> None:
    counts, logits, log_theta, gate = case
    loss = zero_inflated_negative_binomial_loss(logits, log_theta, gate, make_minibatch(counts))
    odds = means(counts, logits).log() - log_theta
    nb = torch.distributions.NegativeBinomial(log_theta.exp(), logits=odds, validate_args=False)
    extra = torch.nn.functional.logsigmoid(gate).masked_fill(torch.tensor(counts > 0), -torch.inf)
    both = torch.logaddexp(extra, torch.nn.functional.logsigmoid(-gate) + nb.log_prob(as_floats(counts)))
    keep = covered(counts)
    torch.testing.assert_close(loss[keep], -both.sum(1)[keep], rtol=1e-9, atol=0)
    assert torch.isfinite(loss).all()


def test_poisson_agrees_with_torch(case: tuple) -> None:
    counts, logits, _, _ = case
    loss = poisson_loss(logits, make_minibatch(counts))
    reference = torch.distributions.Poisson(means(counts, logits), validate_args=False)
    torch.testing.assert_close(loss, -reference.log_prob(as_floats(counts)).sum(1), rtol=1e-9, atol=0)


def test_large_theta_is_poisson() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(3, (N_CELLS, N_GENES))
    minibatch = make_minibatch(counts)
    logits = torch.tensor(rng.normal(size=(N_CELLS, N_GENES)))
    loss = negative_binomial_loss(logits, torch.full((N_GENES,), 24.0, dtype=torch.float64), minibatch)
    torch.testing.assert_close(loss, poisson_loss(logits, minibatch), rtol=1e-6, atol=0)


def test_analytic_gradient_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(5)
    minibatch = make_minibatch(rng.poisson(1, (4, 5)) * rng.choice([1, 40], (4, 5)))
    logits = torch.tensor(rng.normal(size=(4, 5)), requires_grad=True)
    per_gene = torch.tensor(rng.normal(size=5), requires_grad=True)
    per_cell = torch.tensor(rng.normal(size=(4, 5)), requires_grad=True)
    gate = torch.tensor(rng.normal(size=(4, 5)), requires_grad=True)
    assert gradcheck(lambda a, t: negative_binomial_loss(a, t, minibatch), (logits, per_gene))
    assert gradcheck(lambda a, t: negative_binomial_loss(a, t, minibatch), (logits, per_cell))
    assert gradcheck(lambda a, t, g: zero_inflated_negative_binomial_loss(a, t, g, minibatch), (logits, per_gene, gate))
    assert gradcheck(lambda a: poisson_loss(a, minibatch), (logits,))


def test_one_theta_a_cell_equals_one_a_gene_where_they_agree(case: tuple) -> None:
    counts, logits, log_theta, _ = case
    minibatch = make_minibatch(counts)
    shared = negative_binomial_loss(logits, log_theta, minibatch)
    own = negative_binomial_loss(logits, log_theta.expand(N_CELLS, -1).contiguous(), minibatch)
    torch.testing.assert_close(shared, own, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["nb", "zinb", "poisson"])
def test_single_precision_is_close_and_its_gradient_finite(case: tuple, name: str) -> None:
    counts, *tensors = case
    results = []
    for dtype in (torch.float64, torch.float32):
        logits, log_theta, gate = (tensor.detach().to(dtype).requires_grad_() for tensor in tensors)
        minibatch = make_minibatch(counts, dtype=dtype)
        if name == "poisson":
            loss = poisson_loss(logits, minibatch)
        elif name == "nb":
            loss = negative_binomial_loss(logits, log_theta, minibatch)
        else:
            loss = zero_inflated_negative_binomial_loss(logits, log_theta, gate, minibatch)
        loss.sum().backward()
        gradients = [g.grad.double() for g in (logits, log_theta, gate) if g.grad is not None]
        results.append((loss.detach().double(), gradients))
    (exact, exact_gradients), (single, gradients) = results
    torch.testing.assert_close(single, exact, rtol=2e-5, atol=1e-4)
    for gradient, reference in zip(gradients, exact_gradients):
        scale = float(reference.abs().max())
        torch.testing.assert_close(gradient, reference, rtol=1e-3, atol=1e-5 * max(1.0, scale))


def test_vanishing_share_gives_a_finite_loss_and_pulls_the_gene_up() -> None:
    counts = np.array([[5, 0, 0]])
    logits = torch.tensor([[-200.0, 0.0, 1.0]], requires_grad=True)
    loss = negative_binomial_loss(logits, torch.zeros(3), make_minibatch(counts, dtype=torch.float32))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert loss.item() > 400
    assert logits.grad[0, 0].item() == pytest.approx(-5, rel=1e-4)
