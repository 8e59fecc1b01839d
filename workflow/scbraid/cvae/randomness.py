"""Random number generators that depend on what they are for and on nothing else.

A generator made afresh for each epoch leaves no state behind, so a resumed training draws what an uninterrupted one
draws.
"""

from __future__ import annotations

import numpy as np
import torch

PURPOSES = ("split", "order", "noise", "validation")


def generator(purpose: str, seed: int, *numbers: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator for one purpose, seed and, for example, epoch."""
    words = np.random.SeedSequence([PURPOSES.index(purpose), seed, *numbers]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(words[0]))
