"""What a method is, what it is given and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Set
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from scbraid.graphs.neighbors import Neighbors


@dataclass(frozen=True, kw_only=True)
class Method:
    """What the workflow must know of a method before it runs.

    What its module defines says what else it can do: ``map_query``, that it maps new cells onto a trained model
    (:func:`scbraid.methods.registry.maps`).

    Parameters
    ----------
    module
        Module below ``scbraid.methods`` and function in it; of a user's own method, the place of its function.
    role
        ``integration``, or ``control``: a bound that makes scores readable, which sees all labels, is not ranked and
        transfers nothing.
    uses
        What it takes beside counts and batch: ``pca`` (the unintegrated PCA as ``obsm["X_pca"]``) and ``labels``
        (``obs["label"]``, in which the labels of held-out cells are missing).
    gives
        What a run of it writes, names of :data:`scbraid.runs.artifacts.ARTIFACTS`.
    stochastic
        Depends on the seed: runs once with every seed of the config.
    trains
        Trains a model on an accelerator: such runs carry the resource ``gpu=1``.
    package
        Package that not every installation has.
    """

    module: str
    role: Literal["integration", "control"] = "integration"
    uses: Set[str] = frozenset()
    gives: Set[str] = frozenset({"embedding"})
    stochastic: bool = False
    trains: bool = False
    package: str | None = None

    @property
    def writes(self) -> frozenset[str]:
        """Everything that a run of it writes: what it gives; a graph, too, has an embedding, without dimensions."""
        return frozenset({"embedding"}).union(self.gives)

    @property
    def is_control(self) -> bool:
        """Whether it is a bound for scores rather than an integration."""
        return self.role == "control"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A method with its parameters and one seed: what the workflow makes for every data set.

    Parameters
    ----------
    name
        Name in the config.
    method
        Name in the registry, or the place of a user's function.
    parameters
        All parameters of the method.
    seed
        0 for a method that does not depend on it.
    """

    name: str
    method: str
    parameters: dict[str, Any]
    seed: int


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
    checkpoint_dir
        Folder in which a training method may keep what it needs to go on after an interruption: it outlives an attempt
        that is ended from outside, and is removed once results are written or the method has failed by itself. What
        lies there may come from other data or parameters, and the method has to tell. None for methods that do not
        train.
    """

    seed: int
    accelerator: str
    threads: int
    model_dir: Path | None = None
    checkpoint_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a method returns.

    Parameters
    ----------
    embedding
        Cells x dimensions, rows in the order of the data; None for a graph.
    neighbors
        The kNN graph of a method that returns no embedding.
    corrected
        Corrected log expression of methods that correct it, cells x genes of the data.
    probabilities
        Cells x labels, of methods that predict.
    device
        Where the method ran: ``cpu`` or the name of the accelerator (``cuda:0``).
    history
        One row an epoch, or None for methods that do not train.
    facts
        Further entries of run.json (JSON-able), such as ``epochs`` and ``cells_per_second``.
    """

    embedding: np.ndarray | None = None
    neighbors: Neighbors | None = None
    corrected: np.ndarray | None = None
    probabilities: pd.DataFrame | None = None
    device: str = "cpu"
    history: pd.DataFrame | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """What ``map_query(adata, context, **parameters)`` of a method returns.

    It reads the model in ``context.model_dir``, which the same method wrote, and gets query cells with the genes of
    that model in its order (``layers["counts"]``) and ``obs["batch"]``; ``obs["label"]`` is missing throughout.

    Parameters
    ----------
    embedding
        Query cells x dimensions, in the space of the reference.
    probabilities
        Query cells x labels, of methods that predict.
    device
        As in :class:`Result`.
    facts
        ``epochs`` and ``fraction_trained`` (share of the model's weights that the mapping changed), JSON-able.
    """

    embedding: np.ndarray
    probabilities: pd.DataFrame | None = None
    device: str = "cpu"
    facts: dict[str, Any] = field(default_factory=dict)
