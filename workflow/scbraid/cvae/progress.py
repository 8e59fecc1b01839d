"""How far a training has come, as a state that checkpoints keep and recoveries go back to."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scbraid.errors import UserError

if TYPE_CHECKING:
    from scbraid.cvae.model import VAE
    from scbraid.cvae.optimizer import PackedAdam

MOST_RECOVERIES = 5
logger = logging.getLogger(__name__)


@dataclass
class Progress:
    """All that the rest of a training depends on, beside model and optimiser.

    Attributes
    ----------
    epoch
        Epochs done.
    history
        One row an epoch: what was measured in it.
    notes
        What was out of the ordinary.
    rate_factor
        Share of the learning rate that recoveries have left.
    n_parts
        Parts in which a minibatch is computed, more than one where memory demands it.
    best
        With early stopping: loss, epoch and weights of the best epoch.
    """

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rate_factor: float = 1.0
    n_parts: int = 1
    best: dict[str, Any] | None = None

    def remember_best(self, loss: float, model: VAE) -> None:
        """Keep the weights of this epoch if its validation loss is the lowest so far."""
        if self.best is None or loss < self.best["loss"]:
            self.best = {"loss": loss, "epoch": self.epoch, "model": copy.deepcopy(model.state_dict())}

    def stalls(self, patience: int) -> bool:
        """Whether the best epoch lies as many epochs back as early stopping waits."""
        return self.best is not None and self.epoch - self.best["epoch"] >= patience

    def note_split(self, n_cells: int) -> None:
        """Note that minibatches of so many cells are computed in `n_parts` parts, in place of an earlier such note."""
        note = f"device memory ran out: minibatches of {n_cells} cells are computed in {self.n_parts} parts"
        self.notes = [old for old in self.notes if not old.startswith("device memory")] + [note]
        logger.warning(note)

    def slow_down(self, failed: Progress, *, lr: float) -> None:
        """Go on from here, after a loss that was not finite, with half the learning rate.

        Parameters
        ----------
        failed
            Progress of that loss; its notes are kept.
        lr
            Learning rate that the user asked for.

        Raises
        ------
        UserError
            If that happened too often.
        """
        self.rate_factor, self.notes = failed.rate_factor / 2, failed.notes
        remaining = f"{self.rate_factor:g} of the learning rate"
        self.notes.append(f"loss not finite in epoch {failed.epoch}: back to epoch {self.epoch} with {remaining}")
        logger.warning(self.notes[-1])
        if self.rate_factor < 0.5**MOST_RECOVERIES:
            raise UserError(f"cvae: the loss is not finite even at {self.rate_factor:g} of lr = {lr}; lower lr")


def copy_state(model: VAE, optimizer: PackedAdam, progress: Progress) -> dict[str, Any]:
    """Copy everything that the rest of the training depends on."""
    return copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict(), **vars(progress)})


def restore_state(state: dict[str, Any], model: VAE, optimizer: PackedAdam) -> Progress:
    """Put model and optimiser back into a copied state, which stays as it is, and return its progress."""
    progress = copy.deepcopy(state)
    model.load_state_dict(progress.pop("model"))
    optimizer.load_state_dict(progress.pop("optimizer"))
    return Progress(**progress)
