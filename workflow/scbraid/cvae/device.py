"""Choice of the device and of its arithmetic."""

from __future__ import annotations

import os

import torch

from scbraid.errors import UserError

ACCELERATORS = ("auto", "cpu", "gpu", "mps")


def choose_device(accelerator: str) -> torch.device:
    """Turn the name of an accelerator into a device; "auto" takes a CUDA device where there is one, else the CPU.

    Raises
    ------
    UserError
        If the accelerator is unknown or not there.
    """
    if accelerator not in ACCELERATORS:
        raise UserError(f"cvae: accelerator is '{accelerator}', must be one of {', '.join(ACCELERATORS)}")
    if accelerator == "mps":
        if not torch.backends.mps.is_available():
            raise UserError("cvae: accelerator is 'mps', but torch finds no such device; use cpu or auto")
        return torch.device("mps")
    if accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise UserError("cvae: accelerator is 'gpu', but torch finds no CUDA device; use cpu or auto")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", torch.cuda.current_device())))


def mixed_precision(precision: str, device: torch.device) -> bool:
    """Whether the networks compute in bfloat16.

    Raises
    ------
    UserError
        If bf16 is asked for on a device that does not do it fast.
    """
    capable = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    if precision == "bf16" and not capable:
        raise UserError(f"cvae: precision is bf16, but {device} does not compute in it; use float32 or auto")
    return capable and precision != "float32"
