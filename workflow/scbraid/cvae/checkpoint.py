"""Checkpoints of a training, written whole or not at all, and the wish of others that the process end."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any, NoReturn

import torch

from scbraid.errors import UserError

FILE_NAME = "checkpoint.pt"


class Checkpoint:
    """The checkpoint of one training in a folder.

    Parameters
    ----------
    folder
        Where the file is kept; made if absent.
    identity
        What the training depends on, by name: a checkpoint of another identity is refused.
    resume
        Whether a state that is there already counts.
    writes
        Whether this process writes; of several that train together one does.
    """

    def __init__(
        self, folder: str | Path, identity: dict[str, Any], *, resume: bool = True, writes: bool = True
    ) -> None:
        self.path = Path(folder) / FILE_NAME
        self._identity = identity
        self.writes = writes
        self._resume = resume
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """Read the state, if there is one to go on from.

        Raises
        ------
        UserError
            If the checkpoint belongs to another training.
        """
        if not self._resume or not self.path.exists():
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
        if not self.writes:
            return
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        torch.save({"identity": self._identity, "state": state}, partial)
        partial.replace(self.path)

    def remove(self) -> None:
        """Delete the file once it is of no more use."""
        if self.writes:
            self.path.unlink(missing_ok=True)


class Termination:
    """Notices SIGTERM within a ``with`` block instead of ending at once, so that a checkpoint can be written first.

    The handler does no more than take a note: it may run in the middle of anything, logging included.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: Any = None
        self._in_main_thread = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Termination:
        if self._in_main_thread:
            self._previous = signal.signal(signal.SIGTERM, self._take_note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._in_main_thread:
            signal.signal(signal.SIGTERM, self._previous)

    def _take_note(self, *_: object) -> None:
        self.requested = True


def end_as_requested() -> NoReturn:
    """Let SIGTERM do what it does without :class:`Termination`; end the process should that not end it."""
    os.kill(os.getpid(), signal.SIGTERM)
    raise SystemExit(128 + signal.SIGTERM)
