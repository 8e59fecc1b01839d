"""What a method is, what it is given and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from scbraid.graphs.neighbors import Neighbors


@dataclass(frozen=True, kw_only=True)
class Method:
    """What the workflow must know of a method before it runs.

    Parameters
    ----------
    module
        Module below ``scbraid.methods`` and function in it; of a user's own method, the place of its function.
    trains
        Trains a model on an accelerator: such runs carry the resource ``gpu=1``.
    stochastic
        Depends on the seed: runs once with every seed of the config.
    needs_pca
        Takes the unintegrated PCA as ``obsm["X_pca"]``.
    needs_labels
        Looks at ``obs["label"]``, in which the labels of query cells are missing.
    is_graph
        Returns a kNN graph instead of an embedding.
    corrects
        Returns corrected expression beside the embedding.
    is_control
        No integration but a bound that makes scores readable: it sees all labels, is not ranked and transfers nothing.
    predicts
        Returns probabilities of labels beside the embedding.
    maps
        Can map new cells onto a trained model.
    package
        Package that not every installation has.
    """

    module: str
    trains: bool = False
    stochastic: bool = False
    needs_pca: bool = False
    needs_labels: bool = False
    is_graph: bool = False
    corrects: bool = False
    is_control: bool = False
    predicts: bool = False
    maps: bool = False
    package: str | None = None


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
