"""The model as users see it: :class:`CVAE` on an AnnData."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

import scbraid
from scbraid.cvae import expression, query
from scbraid.cvae.checkpoint import Checkpoint
from scbraid.cvae.data import ENTRIES_AT_ONCE, SMALLEST_MINIBATCH, CellData
from scbraid.cvae.device import choose_device, mixed_precision
from scbraid.cvae.distributed import Group
from scbraid.cvae.model import VAE
from scbraid.cvae.parameters import Parameters
from scbraid.cvae.saving import read_model, write_model
from scbraid.cvae.trainer import Trainer
from scbraid.cvae.vocabulary import Keys, Vocabulary, cell_order
from scbraid.errors import UserError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from scipy import sparse

ACTIVE_VARIANCE = 0.01
COLLAPSED_FRACTION = 0.1


class CVAE:
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
            self._trainer.notes.append(f"no cell has a known label in obs['{label_key}']: trained without label head")

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
        self._trainer.notes += _empty(counts)
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
        if self._trainer.history:
            raise UserError("cvae: this model is trained already; make a new one to train again")
        checkpoint = None
        if checkpoint_dir is not None:
            parameters = {name: value for name, value in vars(self.parameters).items() if name != "checkpoint_every"}
            identity = {
                "seed": self.seed,
                "parameters": parameters,
                "names": self.vocabulary.as_dict(),
                "cells": hashlib.sha256("\n".join(self.cell_names[self._order]).encode()).hexdigest(),
                "data": self.data.fingerprint(),
                "device": self.device.type,
                "processes": self._trainer.group.size,
                "versions": {"scbraid": scbraid.__version__, "torch": str(torch.__version__)},
            }
            checkpoint = Checkpoint(
                checkpoint_dir,
                identity,
                every=self.parameters.checkpoint_every,
                resume=resume,
                keep=keep_checkpoint,
                writes=self._trainer.group.leads,
            )
        self._trainer.run(checkpoint)
        self._canonical_embedding = None
        return self

    def embedding(self) -> np.ndarray:
        """Posterior mean of every cell in the order of the AnnData, float32, cells x n_latent."""
        embedding = np.empty_like(self._posterior_mean)
        embedding[self._order] = self._posterior_mean
        return embedding

    def label_probabilities(self) -> pd.DataFrame:
        """Probability of every known label for every cell, cells x labels.

        Raises
        ------
        UserError
            If the model was trained without labels.
        """
        if self.module.label_head is None:
            raise UserError("cvae: the model was trained without labels and predicts none")
        with torch.no_grad():
            probabilities = self.module.classify(torch.from_numpy(self.embedding()).to(self.device))
        return pd.DataFrame(probabilities.cpu().numpy(), index=self.cell_names, columns=self.vocabulary.labels)

    def predict_labels(self) -> pd.DataFrame:
        """Most probable label of every cell (column prediction) and its probability (column probability)."""
        probabilities = self.label_probabilities()
        return pd.DataFrame({"prediction": probabilities.idxmax(axis=1), "probability": probabilities.max(axis=1)})

    def get_normalized_expression(
        self,
        *,
        cells: Sequence[str] | None = None,
        gene_list: Sequence[str] | None = None,
        transform_batch: str | Sequence[str] | None = None,
        library_size: float = 1.0,
    ) -> pd.DataFrame:
        """Decode expression from the posterior mean, in portions of cells.

        Parameters
        ----------
        cells, gene_list
            Names of cells and genes; None for all.
        transform_batch
            Batch to decode every cell under, or several to average over; None for each cell's own.
        library_size
            What a cell's expression over all genes of the model sums to.

        Returns
        -------
        float32, cells x genes in the order given.

        Raises
        ------
        UserError
            If a name is unknown.
        """
        batches = [transform_batch] if isinstance(transform_batch, str) else transform_batch
        names = self.cell_names if cells is None else cells
        rows = np.argsort(self._order) if cells is None else _positions(cells, self.cell_names[self._order], "cell")
        genes = self.vocabulary.genes if gene_list is None else gene_list
        shares = expression.normalized_expression(
            self.module,
            self.data,
            cells=rows,
            genes=_positions(genes, self.vocabulary.genes, "gene"),
            batches=None if batches is None else _positions(batches, self.vocabulary.categories[0], "batch"),
        )
        shares *= library_size
        return pd.DataFrame(shares, index=list(names), columns=list(genes), copy=False)

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
        write_model(folder, self.module, self.vocabulary, seed=self.seed, history=self._trainer.history)

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
        model._trainer.history = description["history"]
        return model

    @property
    def writes_files(self) -> bool:
        """Whether this process should write results: of several that train together one does."""
        return self._trainer.group.leads

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: losses per cell, KL weight, learning rate, gradient norm, seconds and cells per second."""
        return pd.DataFrame(self._trainer.history)

    @property
    def run_info(self) -> dict[str, Any]:
        """Facts for a run's record, JSON-able."""
        active = int((self._posterior_mean.var(0) > ACTIVE_VARIANCE).sum())
        notes = list(self._trainer.notes)
        if active < COLLAPSED_FRACTION * self.parameters.n_latent:
            notes.append(f"posterior collapse: {active} of {self.parameters.n_latent} latent dimensions are active")
        n_parameters = sum(weights.numel() for weights in self.module.parameters())
        history = self._trainer.history
        info = {
            "device": str(self.device),
            "precision": "bf16" if self.module.mixed_precision else "float32",
            "epochs": len(history),
            "cells_per_second": float(np.median([row["cells_per_second"] for row in history])) if history else None,
            "active_dimensions": active,
            "n_parameters": n_parameters,
            "fraction_trained": 1.0 if self._n_trained is None else self._n_trained / n_parameters,
            "notes": notes,
        }
        if self.device.type == "cuda":
            info["peak_gpu_mb"] = torch.cuda.max_memory_allocated(self.device) / 2**20
        return info

    @property
    def _posterior_mean(self) -> np.ndarray:
        """Posterior means in the model's order of cells."""
        if self._canonical_embedding is None:
            self._canonical_embedding = self._trainer.posterior_mean().numpy()
        return self._canonical_embedding


def _positions(names: Sequence[str], known: Sequence[str], what: str) -> np.ndarray:
    index = pd.Index(known)
    if not index.is_unique:
        raise UserError(f"cvae: {what} names repeat (such as '{index[index.duplicated()][0]}'); make them unique")
    at = index.get_indexer(list(names))
    if (at < 0).any():
        name = next(name for name, found in zip(names, at) if found < 0)
        raise UserError(f"cvae: the model has no {what} '{name}'; {suggest(name, known)}")
    return at


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
