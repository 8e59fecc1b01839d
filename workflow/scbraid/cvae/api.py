"""The model as users see it: :class:`CVAE` on an AnnData."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import scbraid
from scbraid.cvae import query
from scbraid.cvae.checkpoint import Checkpoint
from scbraid.cvae.data import ENTRIES_AT_ONCE, SMALLEST_MINIBATCH, CellData
from scbraid.cvae.device import choose_device, mixed_precision
from scbraid.cvae.distributed import Group
from scbraid.cvae.model import VAE
from scbraid.cvae.parameters import Parameters
from scbraid.cvae.results import Results
from scbraid.cvae.saving import read_model, write_model
from scbraid.cvae.trainer import Trainer
from scbraid.cvae.vocabulary import Keys, Vocabulary, cell_order
from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from scipy import sparse


class CVAE(Results):
    """Conditional variational autoencoder for single-cell counts.

    Parameters
    ----------
    adata
        Cells x genes with raw counts in layers["counts"] or, without that layer, in X. The counts are not copied where
        they are sparse and in canonical form with genes sorted by name.
    batch_key
        Column of obs with the batch; None trains a plain VAE.
    label_key
        Column of obs with labels for the label head; None trains without it.
    unlabeled_category
        Label of cells whose label is unknown; cells with a missing label are unknown too.
    categorical_covariate_keys, continuous_covariate_keys
        Further columns of obs to condition on.
    seed
        Seed of everything random.
    accelerator
        "cpu", "gpu", "mps" (untested), or "auto" for a CUDA device where there is one.
    params
        Any of :class:`~scbraid.cvae.parameters.Parameters`.

    Raises
    ------
    UserError
        If a parameter is not allowed, a column is absent or the values are no counts.

    Notes
    -----
    One seed gives one result, byte for byte, on one machine with one number of threads, whatever the order of
    cells and genes and whatever the batches are called (cells whose names repeat keep their order). A cell without any
    count gets the embedding of an empty profile; a gene without any count is decoded as next to zero. Both are
    mentioned in `run_info`.

    Examples
    --------
    >>> model = CVAE(adata, batch_key="batch", n_latent=10).fit()  # doctest: +SKIP
    >>> adata.obsm["X_cvae"] = model.embedding()  # doctest: +SKIP
    """

    def __init__(
        self,
        adata: AnnData,
        *,
        batch_key: str | None = None,
        label_key: str | None = None,
        unlabeled_category: str = "unknown",
        categorical_covariate_keys: Sequence[str] = (),
        continuous_covariate_keys: Sequence[str] = (),
        seed: int = 0,
        accelerator: str = "auto",
        **params: Any,
    ) -> None:
        parameters = Parameters.make(params)
        keys = Keys(
            batch=batch_key,
            label=label_key,
            unlabeled=unlabeled_category,
            categorical=tuple(categorical_covariate_keys),
            continuous=tuple(continuous_covariate_keys),
        )
        if adata.n_obs < SMALLEST_MINIBATCH:
            raise UserError(f"cvae: the data have {adata.n_obs} cell(s), at least {SMALLEST_MINIBATCH} are needed")
        vocabulary = Vocabulary.learn(adata, keys)
        if parameters.n_latent > adata.n_vars:
            raise UserError(f"cvae: n_latent is {parameters.n_latent}, but the data have only {adata.n_vars} genes")
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = VAE(parameters, vocabulary.dimensions)
        self._set_up(adata, vocabulary, module, seed=seed, device=choose_device(accelerator))
        if label_key and not vocabulary.labels:
            self._trainer.progress.notes.append(
                f"no cell has a known label in obs['{label_key}']: trained without label head"
            )

    def _set_up(
        self,
        adata: AnnData,
        vocabulary: Vocabulary,
        module: VAE,
        *,
        seed: int,
        device: torch.device,
        n_trained: int | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.parameters = module.settings
        self.seed = seed
        self.device = device
        self.cell_names = adata.obs_names.copy()
        self._order = cell_order(adata)
        counts = vocabulary.counts(adata)
        self.data = CellData(counts, vocabulary.covariates(adata), order=self._order, device=device)
        self.module = module.to(device)
        self.module.mixed_precision = mixed_precision(self.parameters.precision, device)
        self._trainer = Trainer(
            self.module,
            self.data,
            self.parameters,
            seed=seed,
            group=Group.join(device),
            frozen=n_trained is not None,
        )
        self._trainer.progress.notes += _empty(counts)
        self._canonical_embedding: np.ndarray | None = None
        self._n_trained = n_trained

    def fit(
        self, *, checkpoint_dir: str | Path | None = None, resume: bool = True, keep_checkpoint: bool = False
    ) -> CVAE:
        """Train the model.

        Parameters
        ----------
        checkpoint_dir
            Folder to keep a checkpoint in while training lasts.
        resume
            Whether to go on from a checkpoint found there, which an interrupted training with the same data, parameters
            and seed left; the result is that of an uninterrupted one.
        keep_checkpoint
            Whether to leave a checkpoint of the finished training there, for as long as results are not written.

        Raises
        ------
        CheckpointError
            If the checkpoint is of another training, or damaged.
        UserError
            If the model is trained already, or the loss does not stay finite.
        """
        if self._trainer.progress.history:
            raise UserError("cvae: this model is trained already; make a new one to train again")
        checkpoint = None
        if checkpoint_dir is not None:
            checkpoint = Checkpoint(
                checkpoint_dir,
                self._identity(),
                every=self.parameters.checkpoint_every,
                resume=resume,
                keep=keep_checkpoint,
                writes=self._trainer.group.leads,
            )
        self._trainer.run(checkpoint)
        self._canonical_embedding = None
        return self

    def _identity(self) -> dict[str, Any]:
        """Describe what the training depends on, by name."""
        parameters = {name: value for name, value in vars(self.parameters).items() if name != "checkpoint_every"}
        return {
            "seed": self.seed,
            "parameters": parameters,
            "names": self.vocabulary.as_dict(),
            "cells": hashlib.sha256("\n".join(self.cell_names[self._order]).encode()).hexdigest(),
            "data": self.data.fingerprint(),
            "device": self.device.type,
            "processes": self._trainer.group.size,
            "versions": {"scbraid": scbraid.__version__, "torch": str(torch.__version__)},
        }

    def map_query(self, adata: AnnData, *, max_epochs: int | None = None) -> CVAE:
        """Map other cells onto this model, training nothing but the condition weights of batches that are new.

        A model that conditions its encoder (encode_covariates) corrects the embedding for new batches; otherwise the
        encoder is shared by all batches, and the new weights serve the decoder alone.

        Parameters
        ----------
        adata
            Cells with the model's genes and columns; labels may be absent.
        max_epochs
            Epochs, where there is something to train; None for the default of this many cells.

        Returns
        -------
        A model of the query cells; `run_info` tells the fraction of weights that were trained.
        """
        mapped = self._mapped(
            adata, self.vocabulary, self.module, seed=self.seed, device=self.device, max_epochs=max_epochs
        )
        return mapped.fit() if mapped._n_trained else mapped

    @classmethod
    def load_query(
        cls, folder: str | Path, adata: AnnData, *, max_epochs: int | None = None, accelerator: str = "auto"
    ) -> CVAE:
        """Embed other cells with a saved model, without the data that it was trained on.

        As :meth:`map_query`, but where the encoder is shared by all batches nothing is trained: new weights of the
        decoder would leave the embedding as it is.
        """
        module, vocabulary, description = read_model(folder)
        device = choose_device(accelerator)
        mapped = cls._mapped(adata, vocabulary, module, seed=description["seed"], device=device, max_epochs=max_epochs)
        if not module.settings.encode_covariates:
            mapped._n_trained = 0
        return mapped.fit() if mapped._n_trained else mapped

    @classmethod
    def _mapped(
        cls,
        adata: AnnData,
        known: Vocabulary,
        module: VAE,
        *,
        seed: int,
        device: torch.device,
        max_epochs: int | None,
    ) -> CVAE:
        vocabulary = known.extended(adata)
        extended, n_trained = query.extend(module, known, vocabulary, max_epochs=max_epochs)
        mapped = cls.__new__(cls)
        mapped._set_up(adata, vocabulary, extended, seed=seed, device=device, n_trained=n_trained)
        return mapped

    def save(self, folder: str | Path) -> None:
        """Write weights, names of genes and batches, parameters, versions and history into a folder."""
        write_model(folder, self.module, self.vocabulary, seed=self.seed, history=self._trainer.progress.history)

    @classmethod
    def load(cls, folder: str | Path, adata: AnnData, *, accelerator: str = "auto") -> CVAE:
        """Read a model and apply it to data with the same genes and batches; further genes are left out.

        Raises
        ------
        UserError
            If there is no model, or the data lack genes or have other batches; the message says which.
        """
        module, vocabulary, description = read_model(folder)
        model = cls.__new__(cls)
        model._set_up(adata, vocabulary, module, seed=description["seed"], device=choose_device(accelerator))
        model._trainer.progress.history = description["history"]
        return model

    @property
    def writes_files(self) -> bool:
        """Whether this process should write results: of several that train together one does."""
        return self._trainer.group.leads


def _empty(counts: sparse.csr_matrix) -> list[str]:
    """Describe cells and genes without any count."""
    n_cells = int((np.diff(counts.indptr) == 0).sum())
    seen = np.zeros(counts.shape[1], dtype=bool)
    for first in range(0, counts.nnz, ENTRIES_AT_ONCE):
        seen[counts.indices[first : first + ENTRIES_AT_ONCE]] = True
    n_genes = int((~seen).sum())
    notes = []
    if n_cells:
        notes.append(f"{n_cells} cells without any count get the embedding of an empty profile")
    if n_genes:
        notes.append(f"{n_genes} genes without any count are decoded as next to zero")
    return notes
