"""The registry of integration methods: one file each in this package, one line each below.

A method's module defines ``PARAMETERS``, a JSON schema for each of its parameters (with default and description), and
a function named like the module that takes the HVG data and its parameters and returns a :class:`Result`. Modules
import heavy libraries inside that function, so that reading a config stays fast.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Method:
    """What the workflow must know of a method before it runs.

    Parameters
    ----------
    module
        Module below ``scbraid.methods`` and function in it.
    trains
        Trains a model on an accelerator: such runs carry the resource ``gpu=1``.
    stochastic
        Depends on the seed: runs once with every seed of the config.
    needs_pca
        Takes the unintegrated PCA as ``obsm["X_pca"]``.
    """

    module: str
    trains: bool = False
    stochastic: bool = False
    needs_pca: bool = False


METHODS = {
    "pca": Method(module="pca", needs_pca=True),
    "harmony": Method(module="harmony", stochastic=True, needs_pca=True),
    "combat": Method(module="combat"),
    "scvi": Method(module="scvi", trains=True, stochastic=True),
    "cvae": Method(module="cvae", trains=True, stochastic=True),
}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a run gives to its method besides data and parameters.

    Parameters
    ----------
    seed
        Seed of every random number of the run.
    accelerator
        ``auto``, ``gpu`` or ``cpu``.
    threads
        CPU threads that the run may use.
    model_dir
        Folder that a training method writes its model to; None for methods that do not train.
    """

    seed: int
    accelerator: str
    threads: int
    model_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a method returns.

    Parameters
    ----------
    embedding
        Cells x dimensions, rows in the order of the data.
    device
        Where the method ran: ``cpu`` or the name of the accelerator (``cuda:0``).
    history
        One row an epoch, or None for methods that do not train.
    facts
        Further entries of run.json (JSON-able), such as ``epochs`` and ``cells_per_second``.
    """

    embedding: np.ndarray
    device: str = "cpu"
    history: pd.DataFrame | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@cache
def load(name: str) -> tuple[Callable[..., Result], dict[str, Any]]:
    """Import a method of the registry and return its function and its ``PARAMETERS``."""
    module_name = METHODS[name].module
    module = import_module(f"scbraid.methods.{module_name}")
    return getattr(module, module_name), module.PARAMETERS


def parameter_schema(name: str) -> dict[str, Any]:
    """Build the JSON schema of a method's parameters."""
    _, parameters = load(name)
    return {"type": "object", "additionalProperties": False, "properties": parameters}
