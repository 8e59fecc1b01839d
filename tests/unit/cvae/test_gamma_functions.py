from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch

from scbraid.cvae.gamma_functions import gamma_differences, log_gamma_ratio

THETAS = np.logspace(-8, 12, 21)
COUNTS = np.array([1, 2, 3, 7, 40, 1e3, 1e6])


@pytest.fixture(scope="module")
def exact() -> tuple[np.ndarray, np.ndarray]:
    with mpmath.workdps(50):
        pairs = [(mpmath.mpf(theta), mpmath.mpf(theta) + x) for theta in THETAS for x in COUNTS]
        log_gamma = [float(mpmath.loggamma(above) - mpmath.loggamma(below)) for below, above in pairs]
        digamma = [float(mpmath.digamma(above) - mpmath.digamma(below)) for below, above in pairs]
    return np.array(log_gamma), np.array(digamma)


def grid(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    theta, counts = np.repeat(THETAS, len(COUNTS)), np.tile(COUNTS, len(THETAS))
    return torch.tensor(counts, dtype=dtype), torch.tensor(theta, dtype=dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_differences_agree_with_high_precision_from_tiny_to_huge(
    exact: tuple[np.ndarray, np.ndarray], dtype: torch.dtype, tolerance: float
) -> None:
    log_gamma, digamma = gamma_differences(*grid(dtype))
    np.testing.assert_allclose(log_gamma.double(), exact[0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(digamma.double(), exact[1], rtol=tolerance)


def test_shared_thetas_give_what_own_thetas_give() -> None:
    theta = torch.tensor([0.3, 5.0, 200.0])
    where = torch.tensor([2, 0, 0, 1])
    counts = torch.tensor([1.0, 4.0, 9.0, 2.0])
    own = gamma_differences(counts, theta[where])
    shared = gamma_differences(counts, theta[where], shared=(theta, where))
    assert all(torch.equal(*pair) for pair in zip(own, shared))


def test_a_count_of_one_needs_no_series() -> None:
    counts, theta = grid(torch.float64)
    above_one = (counts > 1).nonzero()[:, 0]
    by_series = gamma_differences(counts, theta)
    shared = (torch.tensor(THETAS), torch.arange(len(THETAS)).repeat_interleave(len(COUNTS)))
    for others in (None, shared):
        for quick, series in zip(gamma_differences(counts, theta, above_one=above_one, shared=others), by_series):
            torch.testing.assert_close(quick, series, rtol=1e-10, atol=1e-10)


def test_ratio_has_the_right_derivative() -> None:
    counts, theta = grid(torch.float64)
    chosen = (theta > 1e-3) & (theta < 1e3) & (counts < 1e3)
    theta = theta[chosen].requires_grad_()
    assert torch.autograd.gradcheck(lambda t: log_gamma_ratio(counts[chosen], t), theta)
