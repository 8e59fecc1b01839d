"""Checkpoints of a training: written whole or not at all, also when the process is told to end."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

FILE_NAME = "checkpoint.pt"


class Checkpoint:
    """The checkpoint of one training in a folder.

    Parameters
    ----------
    folder
        Where the file is kept; made if absent.
    identity
        What the training depends on, by name: a checkpoint of another identity is refused.
    writes
        Whether this process writes; of several that train together one does.
    """

    def __init__(self, folder: str | Path, identity: dict[str, Any], *, writes: bool = True) -> None:
        self.path = Path(folder) / FILE_NAME
        self._identity = identity
        self._writes = writes
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """Read the state, if there is one.

        Raises
        ------
        UserError
            If the checkpoint belongs to another training.
        """
        if not self.path.exists():
            return None
        content = torch.load(self.path, map_location=device, weights_only=True)
        differing = [name for name, value in self._identity.items() if content["identity"].get(name) != value]
        if differing:
            raise UserError(
                f"cvae: {self.path} belongs to a training with other {', '.join(differing)}; "
                "give another checkpoint folder, or delete the file to start afresh"
            )
        return content["state"]

    def save(self, state: dict[str, Any]) -> None:
        """Write a state in place of the last one."""
        if not self._writes:
            return
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        torch.save({"identity": self._identity, "state": state}, partial)
        partial.replace(self.path)

    def remove(self) -> None:
        """Delete the file once it is of no more use."""
        if self._writes:
            self.path.unlink(missing_ok=True)

    @contextmanager
    def saved_at_sigterm(self, state: Callable[[], dict[str, Any]]) -> Iterator[None]:
        """Within this context, SIGTERM writes the given state before it does what it did before."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def save_and_end(number: int, _: object) -> None:
            logger.warning("told to end: writing %s", self.path)
            self.save(state())
            signal.signal(number, previous)
            os.kill(os.getpid(), number)

        previous = signal.signal(signal.SIGTERM, save_and_end)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, previous)
