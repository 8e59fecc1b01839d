"""What a model tells about its cells and its training: embedding, labels, expression, facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from scbraid.cvae import expression
from scbraid.errors import UserError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scbraid.cvae.data import CellData
    from scbraid.cvae.model import VAE
    from scbraid.cvae.parameters import Parameters
    from scbraid.cvae.trainer import Trainer
    from scbraid.cvae.vocabulary import Vocabulary

ACTIVE_VARIANCE = 0.01
COLLAPSED_FRACTION = 0.1


class Results:
    """The part of :class:`~scbraid.cvae.api.CVAE` that changes nothing."""

    vocabulary: Vocabulary
    parameters: Parameters
    device: torch.device
    cell_names: pd.Index
    data: CellData
    module: VAE
    _trainer: Trainer
    _order: np.ndarray
    _canonical_embedding: np.ndarray | None
    _n_trained: int | None

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
        """Decode expression from the posterior mean, in chunks of cells.

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

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: losses per cell, KL weight, learning rate, gradient norm, seconds and cells per second."""
        return pd.DataFrame(self._trainer.progress.history)

    @property
    def run_info(self) -> dict[str, Any]:
        """Facts for a run's record, JSON-able."""
        active = int((self._posterior_mean.var(0) > ACTIVE_VARIANCE).sum())
        notes = list(self._trainer.progress.notes)
        if active < COLLAPSED_FRACTION * self.parameters.n_latent:
            notes.append(f"posterior collapse: {active} of {self.parameters.n_latent} latent dimensions are active")
        n_parameters = sum(weights.numel() for weights in self.module.parameters())
        history = self._trainer.progress.history
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
