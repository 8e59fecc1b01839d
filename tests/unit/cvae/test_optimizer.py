from __future__ import annotations

import pytest
import torch
from torch import nn

from scbraid.cvae.distributed import Group
from scbraid.cvae.optimizer import FlatAdam


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))


@pytest.mark.parametrize("clip", [0.05, 1e9])
def test_one_buffer_takes_the_steps_of_adam_on_many_tensors(clip: float) -> None:
    ours, reference = network(), network()
    flat = FlatAdam(ours.parameters(), eps=1e-8, weight_decay=0.01, clip=clip, group=Group())
    adam = torch.optim.Adam(reference.parameters(), eps=1e-8, weight_decay=0.01)
    for step, rate in enumerate([0.1, 0.03, 0.01]):
        inputs = torch.randn(11, 5, generator=torch.Generator().manual_seed(step))
        ours(inputs).square().mean().backward()
        norm = flat.step(rate)
        adam.zero_grad()
        reference(inputs).square().mean().backward()
        expected_norm = nn.utils.clip_grad_norm_(reference.parameters(), clip)
        adam.param_groups[0]["lr"] = rate
        adam.step()
        torch.testing.assert_close(norm, expected_norm)
    for own, other in zip(ours.parameters(), reference.parameters()):
        torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-6)


def test_a_parameter_that_the_loss_does_not_touch_stays() -> None:
    used, unused = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    flat = FlatAdam([used, unused], eps=1e-8, weight_decay=0.0, clip=1.0, group=Group())
    used.sum().backward()
    flat.step(0.1)
    torch.testing.assert_close(used.detach(), torch.full((3,), 0.9))
    assert torch.equal(unused, torch.ones(3))


def test_discarded_gradients_count_no_more() -> None:
    weights = nn.Parameter(torch.ones(3))
    flat = FlatAdam([weights], eps=1e-8, weight_decay=0.0, clip=1e9, group=Group())
    (5 * weights).sum().backward()
    flat.discard_gradients()
    weights.sum().backward()
    assert flat.step(0.1).item() == pytest.approx(3**0.5)
