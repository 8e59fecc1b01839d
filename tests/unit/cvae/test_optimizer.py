from __future__ import annotations

import pytest
import torch
from torch import nn

from scbraid.cvae.distributed import Group
from scbraid.cvae.optimizer import PackedAdam


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 200), nn.Tanh(), nn.Linear(200, 200), nn.Linear(200, 3)).double()


@pytest.mark.parametrize("clip", [0.05, 1e9])
def test_packing_takes_the_steps_of_adam_on_many_tensors(clip: float) -> None:
    ours, reference = network(), network()
    packed = PackedAdam(ours.parameters(), eps=1e-8, weight_decay=0.01, clip=clip, group=Group())
    adam = torch.optim.Adam(reference.parameters(), eps=1e-8, weight_decay=0.01)
    for step, rate in enumerate([0.1, 0.03, 0.01]):
        inputs = torch.randn(11, 5, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        ours(inputs).square().mean().backward()
        norm = packed.step(rate)
        adam.zero_grad()
        reference(inputs).square().mean().backward()
        expected_norm = nn.utils.get_total_norm([weights.grad for weights in reference.parameters()])
        for weights in reference.parameters():
            weights.grad /= (expected_norm / clip).clamp(min=1).float()  # Adam's fused step takes a float32
        adam.param_groups[0]["lr"] = rate
        adam.step()
        torch.testing.assert_close(norm, expected_norm, rtol=1e-6, atol=0)
    for own, other in zip(ours.parameters(), reference.parameters()):
        torch.testing.assert_close(own, other, rtol=1e-9, atol=1e-12)


def test_a_parameter_that_the_loss_does_not_touch_stays() -> None:
    used, unused = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    packed = PackedAdam([used, unused], eps=1e-8, weight_decay=0.0, clip=1.0, group=Group())
    used.sum().backward()
    packed.step(0.1)
    torch.testing.assert_close(used.detach(), torch.full((3,), 0.9))
    assert torch.equal(unused, torch.ones(3))


def test_discarded_gradients_count_no_more() -> None:
    weights = nn.Parameter(torch.ones(3))
    packed = PackedAdam([weights], eps=1e-8, weight_decay=0.0, clip=1e9, group=Group())
    (5 * weights).sum().backward()
    packed.discard_gradients()
    weights.sum().backward()
    assert packed.step(0.1).item() == pytest.approx(3**0.5)
