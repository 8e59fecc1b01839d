"""Choice of the device and of its arithmetic."""

from __future__ import annotations

import ctypes
import os
import sys

import torch

from scbraid.errors import UserError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # numbers of glibc's malloc.h
LARGEST_MMAP_THRESHOLD = 2**25
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


def keep_freed_memory() -> None:
    """Let the C library keep the buffers that a training step frees for the next step.

    By default glibc hands large freed buffers back to the system, and every step pays for the page faults of getting
    them again. Elsewhere than on Linux with glibc this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
        mallopt(M_TRIM_THRESHOLD, 2**30)
