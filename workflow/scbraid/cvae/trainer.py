"""The training loop: one pass over shuffled minibatches an epoch, nothing read back from the device within it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from scbraid.cvae import schedule
from scbraid.cvae.optimizer import FlatAdam

if TYPE_CHECKING:
    from torch import Tensor

    from scbraid.cvae.data import CellData, Minibatch
    from scbraid.cvae.model import VAE
    from scbraid.cvae.parameters import Parameters

logger = logging.getLogger(__name__)


class Trainer:
    """Trains a model on the cells of one data set.

    Parameters
    ----------
    model
        Model on its device.
    data
        Cells in canonical order, on the same device.
    parameters
        Checked parameters.
    seed
        Seed of the order of cells, the latent noise and the split into training and validation cells.
    """

    def __init__(self, model: VAE, data: CellData, parameters: Parameters, *, seed: int) -> None:
        self.model = model
        self.data = data
        self.parameters = parameters
        self.order_generator = torch.Generator().manual_seed(seed)
        self.noise_generator = torch.Generator(data.device).manual_seed(seed + 1)
        shuffled = torch.randperm(data.n_cells, generator=self.order_generator)
        n_training = max(1, round(parameters.train_size * data.n_cells))
        self.training_cells = shuffled[:n_training].sort().values
        self.validation_cells = shuffled[n_training:].sort().values
        self.batch_size = parameters.batch_size or schedule.default_batch_size(data.n_cells)
        self.n_epochs = parameters.max_epochs or schedule.default_epochs(data.n_cells)
        self.n_minibatches = -(-n_training // self.batch_size)
        self.optimizer = FlatAdam(
            (weight for weight in model.parameters() if weight.requires_grad),
            eps=parameters.eps,
            weight_decay=parameters.weight_decay,
            clip=parameters.gradient_clip_val,
        )
        self.epoch = 0
        self.history: list[dict[str, float]] = []
        self.notes: list[str] = []

    def run(self) -> None:
        """Train until the last epoch."""
        while self.epoch < self.n_epochs:
            row = self._train_epoch()
            self.history.append(row)
            logger.info(
                "epoch %d/%d loss %.2f reconstruction %.2f kl %.2f, %.0f cells/s",
                row["epoch"], self.n_epochs, row["loss"], row["reconstruction"], row["kl"], row["cells_per_second"],
            )  # fmt: skip
        self.model.eval()

    def _train_epoch(self) -> dict[str, float]:
        started = time.perf_counter()
        self.model.train()
        weight = schedule.kl_weight(self.parameters, self.epoch, self.n_epochs)
        order = self.training_cells[torch.randperm(len(self.training_cells), generator=self.order_generator)]
        sums = torch.zeros(4, device=self.data.device)
        for step, minibatch in enumerate(self.data.minibatches(order.numpy(), self.batch_size)):
            progress = (self.epoch + step / self.n_minibatches) / self.n_epochs
            rate = schedule.learning_rate(self.parameters, progress)
            sums += self._step(minibatch, weight, rate)
        self.epoch += 1
        loss, reconstruction, kl, classification = (sums / len(order)).tolist()
        seconds = time.perf_counter() - started
        return {
            "epoch": self.epoch,
            "loss": loss,
            "reconstruction": reconstruction,
            "kl": kl,
            "classification": classification,
            "kl_weight": weight,
            "learning_rate": rate,
            "seconds": seconds,
            "cells_per_second": len(order) / seconds,
        }

    def _step(self, minibatch: Minibatch, kl_weight: float, rate: float) -> Tensor:
        losses = self.model(minibatch, self.noise_generator)
        loss = losses.total(kl_weight, self.parameters.classification_ratio)
        loss.backward()
        self.optimizer.step(rate)
        with torch.no_grad():
            return torch.stack([loss * len(minibatch), *(part.sum() for part in losses)])

    def active_dimensions(self) -> int:
        """Latent dimensions whose posterior mean varies over the cells by more than 0.01 (Burda et al. 2016)."""
        return int((self.posterior_mean().var(0) > 0.01).sum())

    @torch.no_grad()
    def posterior_mean(self) -> Tensor:
        """Posterior mean of every cell in the data's order, cells x n_latent, on the host."""
        self.model.eval()
        order = np.arange(self.data.n_cells)
        return torch.cat([self.model.encode(minibatch)[0].cpu() for minibatch in self.data.minibatches(order, 1024)])
