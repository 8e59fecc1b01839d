"""Conditional variational autoencoder for single-cell counts, and its trainer."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scbraid.cvae.api import CVAE

__all__ = ["CVAE"]


def __getattr__(name: str) -> Any:
    """Import the model on first use, so that reading its parameters needs no torch."""
    if name == "CVAE":
        from scbraid.cvae.api import CVAE

        return CVAE
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
