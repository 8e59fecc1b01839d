"""The model as users see it: :class:`CVAE` on an AnnData."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

import scbraid
from scbraid.cvae.data import CellData
from scbraid.cvae.model import VAE
from scbraid.cvae.parameters import Parameters
from scbraid.cvae.trainer import Trainer
from scbraid.cvae.vocabulary import Keys, Vocabulary, cell_order
from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

logger = logging.getLogger(__name__)


class CVAE:
    """Conditional variational autoencoder for counts.

    Parameters
    ----------
    adata
        Cells x genes with raw counts in layers["counts"] or, without that layer, in X.
    batch_key
        Column of obs with the batch; None trains a plain VAE.
    label_key
        Column of obs with labels for the label head; None trains without one.
    unlabeled_category
        Label of cells whose label is unknown; missing values are unknown too.
    categorical_covariate_keys, continuous_covariate_keys
        Further columns of obs to condition on.
    seed
        Seed of everything random.
    accelerator
        "cpu", "gpu", or "auto" for a GPU where there is one.
    params
        Any of :class:`~scbraid.cvae.parameters.Parameters`.
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
        **params: Any,  # noqa: ANN401
    ) -> None:
        keys = Keys(
            batch_key,
            label_key,
            tuple(categorical_covariate_keys),
            tuple(continuous_covariate_keys),
            unlabeled_category,
        )
        self._set_up(
            adata,
            Vocabulary.learn(adata, keys),
            Parameters.make(params),
            seed=seed,
            device=choose_device(accelerator),
        )

    def _set_up(
        self, adata: AnnData, vocabulary: Vocabulary, parameters: Parameters, *, seed: int, device: torch.device
    ) -> None:
        self.vocabulary = vocabulary
        self.parameters = parameters
        self.seed = seed
        self.device = device
        if parameters.n_latent > len(vocabulary.genes):
            raise UserError(f"cvae: n_latent is {parameters.n_latent}, but there are only {len(vocabulary.genes)} genes")
        if adata.n_obs < 2:
            raise UserError(f"cvae: {adata.n_obs} cell(s) cannot be trained on; at least 2 are needed")
        self._order = cell_order(adata)
        self.data = CellData(vocabulary.counts(adata), vocabulary.covariates(adata), order=self._order, device=device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.module = VAE(parameters, vocabulary.dimensions).to(device)
        self._trainer = Trainer(self.module, self.data, parameters, seed=seed)

    def fit(self, *, checkpoint_dir: str | Path | None = None, resume: bool = True) -> CVAE:
        """Train the model.

        Parameters
        ----------
        checkpoint_dir
            Folder for checkpoints; None writes none.
        resume
            Whether to go on from a checkpoint found there.
        """
        self._trainer.run()
        return self

    def embedding(self) -> np.ndarray:
        """Posterior mean of every cell in the order of the AnnData, float32, cells x n_latent."""
        canonical = self._trainer.posterior_mean().numpy()
        embedding = np.empty_like(canonical)
        embedding[self._order] = canonical
        return embedding

    def save(self, folder: str | Path) -> None:
        """Write the model into a folder: weights, vocabulary, parameters, versions and history."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.module.state_dict(), folder / "weights.pt")
        about = {
            "seed": self.seed,
            "parameters": self.parameters.as_dict(),
            "vocabulary": dataclasses.asdict(self.vocabulary),
            "versions": {"scbraid": scbraid.__version__, "torch": torch.__version__},
            "run_info": self.run_info,
        }
        (folder / "model.json").write_text(json.dumps(about, indent=1))
        self.history.to_csv(folder / "history.tsv", sep="\t", index=False)

    @classmethod
    def load(cls, folder: str | Path, adata: AnnData, *, accelerator: str = "auto") -> CVAE:
        """Read a model and set it up on data with the same genes and batches.

        Raises
        ------
        UserError
            If the data lack genes or have other batches; the message says which.
        """
        folder = Path(folder)
        about = json.loads((folder / "model.json").read_text())
        keys = Keys(**about["vocabulary"].pop("keys"))
        model = cls.__new__(cls)
        model._set_up(
            adata,
            Vocabulary(keys=keys, **about["vocabulary"]),
            Parameters.make(about["parameters"]),
            seed=about["seed"],
            device=choose_device(accelerator),
        )
        model.module.load_state_dict(torch.load(folder / "weights.pt", map_location=model.device, weights_only=True))
        model._trainer.history = pd.read_csv(folder / "history.tsv", sep="\t").to_dict("records")
        return model

    @property
    def run_info(self) -> dict[str, Any]:
        """Facts of the training for a run's record."""
        history = self.history
        return {
            "device": str(self.device),
            "epochs": len(history),
            "cells_per_second": float(history["cells_per_second"].median()) if len(history) else None,
            "active_dimensions": self._trainer.active_dimensions() if len(history) else None,
            "n_parameters": sum(weight.numel() for weight in self.module.parameters()),
            "notes": list(self._trainer.notes),
        }

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: losses per cell, learning rate, seconds and cells per second."""
        return pd.DataFrame(self._trainer.history)


def choose_device(accelerator: str) -> torch.device:
    """Turn "auto", "cpu" or "gpu" into a device.

    Raises
    ------
    UserError
        If a GPU is asked for and there is none.
    """
    if accelerator not in ("auto", "cpu", "gpu"):
        raise UserError(f"cvae: accelerator is '{accelerator}', must be auto, cpu or gpu")
    if accelerator == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if accelerator == "gpu":
        raise UserError("cvae: accelerator is 'gpu', but torch finds no CUDA device; use cpu or auto")
    return torch.device("cpu")
