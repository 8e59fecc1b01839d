"""The registry of integration methods: one file each in this package, one line each below.

A method's module defines ``PARAMETERS``, a JSON schema for each of its parameters (with default and description), and
a function named like the module that takes the HVG data, a :class:`~scbraid.methods.spec.Context` and its parameters
and returns a :class:`~scbraid.methods.spec.Result`. A method that can map new cells onto a trained model also defines
``map_query``, which returns a :class:`~scbraid.methods.spec.Mapped`. Modules import heavy libraries inside
these functions, so that reading a config stays fast.

A user's own function runs like any other: see :mod:`scbraid.methods.own`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from scbraid.methods import own
from scbraid.methods.spec import Mapped, Method, Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


#: what every run writes, and every run that trains
PLAIN, TRAINED = frozenset({"embedding"}), frozenset({"embedding", "model", "history"})

METHODS = {
    "pca": Method(module="pca", uses={"pca"}),
    "harmony": Method(module="harmony", uses={"pca"}, stochastic=True),
    "combat": Method(module="combat", gives={"embedding", "corrected"}),
    "scvi": Method(module="scvi", gives=TRAINED, trains=True, stochastic=True),
    "scanvi": Method(module="scanvi", uses={"labels"}, gives={*TRAINED, "probabilities"}, trains=True, stochastic=True),
    "linear_scvi": Method(module="linear_scvi", gives=TRAINED, trains=True, stochastic=True),
    "sysvi": Method(module="sysvi", gives=TRAINED, trains=True, stochastic=True),
    "mrvi": Method(module="mrvi", gives=TRAINED, trains=True, stochastic=True),
    "cvae": Method(module="cvae", gives=TRAINED, trains=True, stochastic=True),
    "cvae_labels": Method(
        module="cvae_labels", uses={"labels"}, gives={*TRAINED, "probabilities"}, trains=True, stochastic=True
    ),
    "scanorama": Method(module="scanorama", stochastic=True, package="scanorama"),
    "bbknn": Method(module="bbknn", uses={"pca"}, gives={"neighbors"}, package="bbknn"),
    "control_labels": Method(module="control_labels", role="control", uses={"labels"}, stochastic=True),
    "control_mixed": Method(module="control_mixed", role="control", uses={"pca", "labels"}, stochastic=True),
    "control_shuffled": Method(module="control_shuffled", role="control", uses={"pca"}, stochastic=True),
}


@cache
def find(name: str) -> Method:
    """Look a method up: a name of the registry, or the place of a user's own function.

    Raises
    ------
    UserError
        A user's own function that does not exist or cannot be imported.
    """
    return METHODS[name] if name in METHODS else own.method(name)


def _module(name: str) -> ModuleType:
    return import_module(f"scbraid.methods.{METHODS[name].module}")


@cache
def load(name: str) -> tuple[Callable[..., Result], dict[str, Any]]:
    """Import a method and return its function and its ``PARAMETERS``."""
    if name not in METHODS:
        return own.function(name), own.parameters(name)
    module = _module(name)
    return getattr(module, METHODS[name].module), module.PARAMETERS


@cache
def maps(name: str) -> bool:
    """Whether a method can map new cells onto a model that it has trained; a user's own method cannot."""
    return name in METHODS and hasattr(_module(name), "map_query")


def load_mapping(name: str) -> Callable[..., Mapped]:
    """Import the function ``map_query`` of a method that maps."""
    return _module(name).map_query


def parameter_schema(name: str) -> dict[str, Any]:
    """Build the JSON schema of a method's parameters."""
    _, parameters = load(name)
    return {"type": "object", "additionalProperties": False, "properties": parameters}
