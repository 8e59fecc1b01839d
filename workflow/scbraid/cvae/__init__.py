"""Conditional variational autoencoder for single-cell counts, and its trainer.

:class:`CVAE` is imported when it is first asked for, so that reading the parameters' schema loads no torch.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CVAE"]


def __getattr__(name: str) -> Any:
    if name == "CVAE":
        from scbraid.cvae.api import CVAE

        return CVAE
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
