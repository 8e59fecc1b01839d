"""Adam over all parameters as one buffer: one gradient norm, one update and, with several devices, one exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

ALIGNMENT = 16


class FlatAdam:
    """Adam (Kingma and Ba 2015) with gradient clipping on one buffer that all parameters are views of.

    Parameters
    ----------
    parameters
        Parameters to train, on one device. Their storage is moved into the buffer.
    eps, weight_decay
        Adam's epsilon and L2 penalty.
    clip
        Largest norm of the gradient; longer ones are scaled down to it.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, eps: float, weight_decay: float, clip: float) -> None:
        self._parameters = list(parameters)
        self._clip = clip
        sizes = [-(-p.numel() // ALIGNMENT) * ALIGNMENT for p in self._parameters]
        first = self._parameters[0]
        self.values = torch.nn.Parameter(torch.zeros(sum(sizes), dtype=first.dtype, device=first.device))
        self.values.grad = torch.zeros_like(self.values)
        self._gradients = []
        with torch.no_grad():
            for parameter, value, gradient in zip(
                self._parameters, self.values.split(sizes), self.values.grad.split(sizes)
            ):
                view = value[: parameter.numel()].view_as(parameter)
                view.copy_(parameter)
                parameter.data = view
                self._gradients.append(gradient[: parameter.numel()].view_as(parameter))
        self._adam = torch.optim.Adam([self.values], eps=eps, weight_decay=weight_decay, fused=True)

    @torch.no_grad()
    def step(self, learning_rate: float) -> Tensor:
        """Update the parameters from their gradients, which are used up; return the gradient's norm before clipping."""
        used = [(view, p.grad) for view, p in zip(self._gradients, self._parameters) if p.grad is not None]
        torch._foreach_copy_(*map(list, zip(*used)))
        for parameter in self._parameters:
            parameter.grad = None
        gradient = self.values.grad
        norm = torch.dot(gradient, gradient).sqrt()
        gradient.mul_((self._clip / norm).clamp(max=1))
        self._adam.param_groups[0]["lr"] = learning_rate
        self._adam.step()
        return norm
