"""Training with one process a device, as torchrun starts them; a single process is a group of one."""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Group:
    """The processes that train one model together, and this one's place among them."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Group:
        """Join the group that torchrun's environment variables describe, if any."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
            atexit.register(torch.distributed.destroy_process_group)  # its threads would abort the process at exit
        return cls(torch.distributed.get_rank(), size)

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, cells: np.ndarray) -> np.ndarray:
        """Return this process's part of the cells; all parts have one size, a few cells may be in two."""
        return np.resize(cells, -(-len(cells) // self.size) * self.size)[self.rank :: self.size]

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Replace a tensor by its sum over the processes."""
        if self.size > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether the flag is raised in any of the processes, which all have to ask."""
        return flag if self.size == 1 else bool(self.sum(torch.tensor(float(flag), device=device)) > 0)

    def average(self, tensor: torch.Tensor) -> torch.Tensor:
        """Replace a tensor by its mean over the processes."""
        return self.sum(tensor).div_(self.size) if self.size > 1 else tensor
