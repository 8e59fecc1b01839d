from __future__ import annotations

import pytest
import torch

from scbraid.cvae.parameters import Parameters
from scbraid.cvae.schedule import default_batch_size, default_epochs, kl_weight, learning_rate


def test_one_cycle_is_that_of_torch() -> None:
    n_steps = 50
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
    # torch counts the steps up to the peak and to the end from one, not from zero
    share_rising = (0.3 * n_steps + 1) / (n_steps + 1)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.01, total_steps=n_steps + 1, pct_start=share_rising
    )
    for step in range(n_steps):
        found = learning_rate(Parameters(lr=0.01), step / n_steps)
        assert found == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        reference.step()


def test_ends_of_the_learning_rates() -> None:
    one_cycle = Parameters(lr=1.0)
    assert [learning_rate(one_cycle, p) for p in (0, 0.3, 1)] == pytest.approx([0.04, 1.0, 4e-6])
    cosine = Parameters(lr=1.0, lr_schedule="cosine")
    assert [learning_rate(cosine, p) for p in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert learning_rate(Parameters(lr=1.0, lr_schedule="constant"), 0.7) == 1


def test_kl_weights() -> None:
    linear = Parameters(beta=2.0, n_epochs_kl_warmup=4)
    assert [kl_weight(linear, epoch, 10) for epoch in range(6)] == [0, 0.5, 1, 1.5, 2, 2]
    assert [kl_weight(Parameters(), epoch, 8) for epoch in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    cyclic = Parameters(kl_schedule="cyclic", n_kl_cycles=2)
    assert [kl_weight(cyclic, epoch, 8) for epoch in range(8)] == [0, 0.5, 1, 1, 0, 0.5, 1, 1]
    assert kl_weight(Parameters(kl_schedule="constant", beta=0.3), 0, 8) == 0.3


@pytest.mark.parametrize(
    ("n_cells", "cells_a_step", "epochs"),
    [(100, 128, 400), (960, 128, 400), (1_200, 128, 320), (16_000, 128, 24), (16_000, 256, 48), (10**6, 2048, 8)],
)
def test_epochs_make_the_same_number_of_steps(n_cells: int, cells_a_step: int, epochs: int) -> None:
    assert default_epochs(n_cells, cells_a_step) == epochs


def test_batch_size_grows_with_the_number_of_cells() -> None:
    sizes = [default_batch_size(n) for n in (2, 16_383, 16_384, 100_000, 131_072, 10**7)]
    assert sizes == [128, 128, 256, 1024, 2048, 2048]
