"""Adam over all parameters as one buffer: one gradient norm, one update and, with several devices, one exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from scbraid.cvae.distributed import Group

ALIGNMENT = 16


class FlatAdam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) with clipped gradients, on one buffer that holds all parameters.

    Parameters
    ----------
    parameters
        Parameters to train, on one device. Their storage is moved into the buffer.
    eps, weight_decay
        Adam's epsilon and L2 penalty.
    clip
        Largest norm of the gradient; longer ones are scaled down to it.
    group
        Processes to average the gradient over.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, eps: float, weight_decay: float, clip: float, group: Group
    ) -> None:
        self._parameters = list(parameters)
        self._clip = clip
        self._group = group
        first = self._parameters[0]
        sizes = [-(-p.numel() // ALIGNMENT) * ALIGNMENT for p in self._parameters]
        self._values = torch.nn.Parameter(first.new_zeros(sum(sizes)))
        self._values.grad = torch.zeros_like(self._values)
        self._gradients = []
        with torch.no_grad():
            for parameter, value, gradient in zip(
                self._parameters, self._values.split(sizes), self._values.grad.split(sizes)
            ):
                view = value[: parameter.numel()].view_as(parameter)
                parameter.data = view.copy_(parameter)
                self._gradients.append(gradient[: parameter.numel()].view_as(parameter))
        self._adam = torch.optim.Adam([self._values], eps=eps, weight_decay=weight_decay, fused=True)

    @torch.no_grad()
    def step(self, learning_rate: float) -> Tensor:
        """Update the parameters from their gradients, which are used up; return the gradient's norm before clipping."""
        for view, parameter in zip(self._gradients, self._parameters):
            view.zero_() if parameter.grad is None else view.copy_(parameter.grad)
            parameter.grad = None
        gradient = self._group.average(self._values.grad)
        norm = torch.dot(gradient, gradient).sqrt_()
        # a norm that is not a number would spoil the gaps between the parameters for good
        scale = (self._clip / norm).clamp_(max=1).nan_to_num_(0)
        if gradient.device.type != "cpu" or scale < 1:  # reading the scale of another device would make the host wait
            gradient.mul_(scale)
        self._adam.param_groups[0]["lr"] = learning_rate
        self._adam.step()
        return norm

    def discard_gradients(self) -> None:
        """Forget the parameters' gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """State of Adam; the values themselves belong to the model."""
        return self._adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a state."""
        self._adam.load_state_dict(state)
