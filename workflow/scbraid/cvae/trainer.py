"""The training loop: shuffled minibatches, nothing read back from the device within an epoch."""

from __future__ import annotations

import logging
import math
import time
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scbraid.cvae import schedule
from scbraid.cvae.checkpoint import Termination
from scbraid.cvae.data import SMALLEST_MINIBATCH, n_minibatches
from scbraid.cvae.device import keep_freed_memory
from scbraid.cvae.distributed import Group
from scbraid.cvae.model import Losses
from scbraid.cvae.optimizer import PackedAdam
from scbraid.cvae.progress import Progress, copy_state, restore_state
from scbraid.cvae.randomness import generator
from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from scbraid.cvae.checkpoint import Checkpoint
    from scbraid.cvae.data import CellData, Minibatch
    from scbraid.cvae.model import VAE
    from scbraid.cvae.parameters import Parameters

logger = logging.getLogger(__name__)

PARTS = ("loss", *Losses._fields)
STEPS_BETWEEN_GOOD_STATES = 200


class Trainer:
    """Trains a model on cells.

    Parameters
    ----------
    model
        Model on its device. Parameters that require no gradient stay as they are.
    data
        Cells in the model's order, on the same device.
    parameters
        Checked parameters.
    seed
        Seed of the split, the order of cells and the noise.
    group
        Processes that train together.
    frozen
        Train without dropout and with fixed batch statistics, as for query mapping.
    """

    def __init__(
        self,
        model: VAE,
        data: CellData,
        parameters: Parameters,
        *,
        seed: int,
        group: Group | None = None,
        frozen: bool = False,
    ) -> None:
        self.model = model
        self.data = data
        self.parameters = parameters
        self.seed = seed
        self.group = group or Group()
        self.frozen = frozen
        train_size = parameters.train_size or (0.9 if parameters.early_stopping else 1.0)
        shuffled = torch.randperm(data.n_cells, generator=generator("split", seed)).numpy()
        n_training = max(SMALLEST_MINIBATCH, round(train_size * data.n_cells))
        self.training_cells, self.validation_cells = np.sort(shuffled[:n_training]), np.sort(shuffled[n_training:])
        self.batch_size = parameters.batch_size or schedule.default_batch_size(data.n_cells)
        self.n_epochs = parameters.max_epochs or schedule.default_epochs(
            data.n_cells, self.batch_size * self.group.size
        )
        self.progress = Progress()

    def run(self, checkpoint: Checkpoint | None = None) -> None:
        """Train to the last epoch, or until early stopping.

        Raises
        ------
        UserError
            If early stopping has no cells to validate on, or the loss stays not finite however small the learning rate.
        """
        if self.parameters.early_stopping and not len(self.validation_cells):
            n_cells = self.data.n_cells
            raise UserError(f"cvae: early_stopping has no cells to validate on among {n_cells}; lower train_size")
        if checkpoint is not None and (state := checkpoint.load()) is not None:
            self._restore(state)
            logger.info("going on after epoch %d of %s", self.progress.epoch, checkpoint.path)
        keep_freed_memory()
        self._good = self._copy_state()
        with nullcontext() if checkpoint is None else Termination() as termination:
            self._run_epochs(checkpoint, termination)
        if checkpoint is not None and termination is not None and self._is_to_end(termination):
            if checkpoint.writes:
                logger.warning("asked to end in epoch %d: leaving %s", self.progress.epoch + 1, checkpoint.path)
            checkpoint.save(self._good)
            termination.end()
        if checkpoint is not None and checkpoint.keep:
            checkpoint.save(self._copy_state())
        elif checkpoint is not None:
            checkpoint.remove()
        if self.parameters.early_stopping and self.progress.best is not None:
            self.model.load_state_dict(self.progress.best["model"])
        self.model.eval()

    def _run_epochs(self, checkpoint: Checkpoint | None, termination: Termination | None) -> None:
        steps_since_good = 0
        patience = self.parameters.early_stopping_patience
        while self.progress.epoch < self.n_epochs and not self.progress.stalls(patience):
            row = self._train_epoch(termination)
            if row is None:
                return
            if len(self.validation_cells):
                row |= self._validate()
            if not all(map(math.isfinite, row.values())):
                self._recover()
                continue
            self.progress.history.append(row)
            self._log(row)
            steps_since_good += self._n_minibatches
            if steps_since_good >= STEPS_BETWEEN_GOOD_STATES:
                self._good, steps_since_good = self._copy_state(), 0
                if checkpoint is not None and checkpoint.is_due:
                    checkpoint.save(self._good)
            if self.group.size > 1 and self._is_to_end(termination):
                return

    def _is_to_end(self, termination: Termination | None) -> bool:
        """Whether any of the processes was asked to end."""
        return termination is not None and self.group.any(termination.requested, self.data.device)

    @cached_property
    def optimizer(self) -> PackedAdam:
        """The optimiser, made when training begins: a model that is only applied needs none."""
        return PackedAdam(
            [weights for weights in self.model.parameters() if weights.requires_grad],
            eps=self.parameters.eps,
            weight_decay=0.0 if self.frozen else self.parameters.weight_decay,
            clip=self.parameters.gradient_clip_val,
            group=self.group,
        )

    @torch.no_grad()
    def posterior_mean(self) -> Tensor:
        """Posterior mean of every cell in the model's order, cells x n_latent, on the host."""
        self.model.eval()
        minibatches = self.data.minibatches(np.arange(self.data.n_cells), 4096)
        posteriors = (self.model.encode(cells, self.model.condition(cells.covariates)) for cells in minibatches)
        return torch.cat([posterior.mean.cpu() for posterior in posteriors])

    @property
    def _n_minibatches(self) -> int:
        return n_minibatches(len(self.group.share(self.training_cells)), self.batch_size)

    def _train_epoch(self, termination: Termination | None) -> dict[str, float] | None:
        """Train an epoch and describe it, or break off where the process is to end."""
        started = time.perf_counter()
        self.model.train(not self.frozen)
        weight = schedule.kl_weight(self.parameters, self.progress.epoch, self.n_epochs)
        noise = generator("noise", self.seed, self.progress.epoch, self.group.rank, device=self.data.device)
        order = torch.randperm(len(self.training_cells), generator=generator("order", self.seed, self.progress.epoch))
        cells = self.group.share(self.training_cells[order.numpy()])
        losses, norms = [], []
        for minibatch, rate in zip(self.data.minibatches(cells, self.batch_size), self._rates()):
            # processes that train together end between two epochs, where they can agree on it
            if termination is not None and termination.requested and self.group.size == 1:
                return None
            losses += self._accumulate_gradient(minibatch, weight, noise)
            norms.append(self.optimizer.step(rate))
        self._share_statistics()
        self.progress.epoch += 1
        means = self._means(losses, weight)
        gradient_norm = torch.stack(norms).mean().item()
        seconds = time.perf_counter() - started
        return {
            "epoch": self.progress.epoch,
            **means,
            "kl_weight": weight,
            "learning_rate": rate,
            "gradient_norm": gradient_norm,
            "seconds": seconds,
            "cells_per_second": len(cells) * self.group.size / seconds,
        }

    def _rates(self) -> Iterator[float]:
        """Learning rates of the epoch's steps."""
        n = self._n_minibatches
        for step in range(n):
            share_done = (self.progress.epoch + step / n) / self.n_epochs
            yield self.progress.rate_factor * schedule.learning_rate(self.parameters, share_done)

    def _accumulate_gradient(self, minibatch: Minibatch, kl_weight: float, noise: torch.Generator) -> list[Losses]:
        """Add up the gradient of the mean loss, in parts where the device's memory demands it; return the losses."""
        while True:
            try:
                parts, n_cells = self._parts(minibatch), len(minibatch)
                return [self._add_gradient(part, kl_weight, noise, n_cells=n_cells) for part in parts]
            except torch.OutOfMemoryError:
                pass
            self._split_further(minibatch)

    def _add_gradient(self, part: Minibatch, kl_weight: float, noise: torch.Generator, *, n_cells: int) -> Losses:
        """Add a part's share of the gradient; whatever that took of the device's memory is given back at return."""
        losses = self.model(part, noise)
        (losses.weighted(kl_weight, self.parameters).sum() / n_cells).backward()
        return losses.detached()

    def _parts(self, minibatch: Minibatch) -> list[Minibatch]:
        return minibatch.split(self.progress.n_parts) if self.progress.n_parts > 1 else [minibatch]

    def _split_further(self, minibatch: Minibatch) -> None:
        self.optimizer.discard_gradients()
        self.progress.n_parts *= 2
        if len(minibatch) < SMALLEST_MINIBATCH * self.progress.n_parts:
            raise UserError("cvae: the device has not enough memory even for a few cells; use accelerator cpu")
        if self.data.device.type == "cuda":
            torch.cuda.empty_cache()
        self.progress.note_split(len(minibatch))

    def _share_statistics(self) -> None:
        """Average the running statistics of the processes, each of which saw other cells."""
        for statistic in self.model.buffers():
            if statistic.is_floating_point():
                self.group.average(statistic)

    def _means(self, losses: list[Losses], kl_weight: float) -> dict[str, float]:
        """Mean over all cells of the loss and of its parts."""
        together = Losses.of_all(losses)
        weighted = together.weighted(kl_weight, self.parameters)
        parts = {name: part for name, part in zip(PARTS, (weighted, *together)) if part is not None}
        means = torch.stack([part.mean() for part in parts.values()])
        return dict(zip(parts, self.group.average(means).tolist()))

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        """Losses of the validation cells at the final KL weight, with the same noise in every epoch."""
        self.model.eval()
        noise = generator("validation", self.seed, device=self.data.device)
        minibatches = self.data.minibatches(self.validation_cells, self.batch_size)
        losses = [self.model(part, noise) for minibatch in minibatches for part in self._parts(minibatch)]
        means = self._means(losses, self.parameters.beta)
        if self.parameters.early_stopping:
            self.progress.remember_best(means["loss"], self.model)
        return {f"validation_{name}": mean for name, mean in means.items()}

    def _recover(self) -> None:
        """Go back to the last good state with half the learning rate."""
        failed = self.progress
        self._restore(self._good)
        self.progress.slow_down(failed, lr=self.parameters.lr)

    def _copy_state(self) -> dict[str, Any]:
        return copy_state(self.model, self.optimizer, self.progress)

    def _restore(self, state: dict[str, Any]) -> None:
        self.progress = restore_state(state, self.model, self.optimizer)

    def _log(self, row: dict[str, float]) -> None:
        parts = " ".join(f"{name} {row[name]:.2f}" for name in (*PARTS, "validation_loss") if name in row)
        logger.info("epoch %d/%d %s, %.0f cells/s", row["epoch"], self.n_epochs, parts, row["cells_per_second"])
