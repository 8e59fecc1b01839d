"""Adam that sees the many small parameters of a network as one: fewer calls, and no copy of a large gradient."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.optim.adam import adam

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from scbraid.cvae.distributed import Group

LARGE = 2**15


class PackedAdam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) with clipped gradients.

    Parameters
    ----------
    parameters
        Parameters to train, on one device. Small ones are moved into one common storage.
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
        self._eps, self._weight_decay, self._clip = eps, weight_decay, clip
        self._group = group
        self._small = [parameter for parameter in self._parameters if parameter.numel() < LARGE]
        self._trained: list[Tensor] = [parameter for parameter in self._parameters if parameter.numel() >= LARGE]
        if self._small:
            pack = nn.Parameter(torch.cat([parameter.detach().flatten() for parameter in self._small]))
            pack.grad = torch.zeros_like(pack)
            views = pack.detach().split([parameter.numel() for parameter in self._small])
            for parameter, view in zip(self._small, views):
                parameter.data = view.view_as(parameter)
            self._trained.append(pack)
        self._means = [torch.zeros_like(parameter) for parameter in self._trained]
        self._squares = [torch.zeros_like(parameter) for parameter in self._trained]
        self._steps = [torch.zeros((), device=parameter.device) for parameter in self._trained]

    @torch.no_grad()
    def step(self, learning_rate: float) -> Tensor:
        """Update the parameters from their gradients, which are used up; return the gradient's norm before clipping."""
        if self._small:
            torch.cat([_gradient(parameter).flatten() for parameter in self._small], out=_gradient(self._trained[-1]))
        gradients = [self._group.average(_gradient(parameter)) for parameter in self._trained]
        norm = reduce(torch.add, (torch.dot(gradient.view(-1), gradient.view(-1)) for gradient in gradients)).sqrt_()
        adam(
            self._trained,
            gradients,
            self._means,
            self._squares,
            [],
            self._steps,
            fused=True,
            grad_scale=(norm / self._clip).clamp_(min=1).float(),
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=learning_rate,
            weight_decay=self._weight_decay,
            eps=self._eps,
            maximize=False,
        )
        self.discard_gradients()
        return norm

    def discard_gradients(self) -> None:
        """Forget the parameters' gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Moments and numbers of steps; the values themselves belong to the model."""
        return {"means": self._means, "squares": self._squares, "steps": self._steps}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """Take over a state."""
        for own, other in zip(self.state_dict().values(), state.values()):
            for tensor, value in zip(own, other):
                tensor.copy_(value)


def _gradient(parameter: Tensor) -> Tensor:
    """Gradient of a parameter; zeros, which it keeps, where the loss did not depend on it."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad
