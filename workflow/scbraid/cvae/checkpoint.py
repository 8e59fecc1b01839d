"""Checkpoints of a training, written whole or not at all, and the wish of others that the process end."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import torch

from scbraid.errors import UserError

FILE_NAME = "checkpoint.pt"
ENDING = (signal.SIGTERM, signal.SIGINT)
DIGEST_SIZE = hashlib.sha256().digest_size
logger = logging.getLogger(__name__)


class CheckpointError(UserError):
    """A checkpoint that a training cannot go on from.

    Attributes
    ----------
    path
        The file.
    reason
        What is the matter with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cvae: {path} {reason}; give another checkpoint folder, or delete the file to start afresh")
        self.path = path
        self.reason = reason


class Checkpoint:
    """The checkpoint of one training in a folder.

    Parameters
    ----------
    folder
        Where the file is kept; made if absent.
    identity
        What the training depends on, by name: a checkpoint of another identity is refused.
    every
        Seconds from one periodic checkpoint to the next.
    resume
        Whether a state that is there already counts.
    keep
        Whether the state of the finished training is kept too.
    writes
        Whether this process writes; of several that train together one does.
    """

    def __init__(
        self, folder: str | Path, identity: dict[str, Any], *, every: float, resume: bool, keep: bool, writes: bool
    ) -> None:
        self.path = Path(folder) / FILE_NAME
        self.keep = keep
        self.writes = writes
        self._identity = identity
        self._every = every
        self._resume = resume
        self._saved_at = time.monotonic()
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def load(self) -> dict[str, Any] | None:
        """Read the state, if there is one to go on from, into the host's memory.

        Raises
        ------
        CheckpointError
            If the checkpoint belongs to another training, or the file is damaged.
        """
        if not self._resume or not self.path.exists():
            return None
        content = self._read()
        differing = [name for name, value in self._identity.items() if content["identity"].get(name) != value]
        if differing:
            raise CheckpointError(self.path, f"belongs to a training with other {', '.join(differing)}")
        return content["state"]

    def _read(self) -> dict[str, Any]:
        written = self.path.read_bytes()
        digest, content = written[:DIGEST_SIZE], written[DIGEST_SIZE:]
        if hashlib.sha256(content).digest() != digest:
            raise CheckpointError(self.path, "is damaged")
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next periodic checkpoint."""
        return time.monotonic() - self._saved_at >= self._every

    def save(self, state: dict[str, Any]) -> None:
        """Write a state in place of the last one; training goes on without where that is not possible."""
        self._saved_at = time.monotonic()
        if not self.writes:
            return
        content = io.BytesIO()  # torch's own writer does not say why a file cannot be written
        torch.save({"identity": self._identity, "state": state}, content)
        digest = hashlib.sha256(content.getbuffer()).digest()
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with partial.open("wb") as file:
                file.write(digest)
                file.write(content.getbuffer())
            partial.replace(self.path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            logger.warning("%s cannot be written (%s)", self.path, error.strerror)

    def remove(self) -> None:
        """Delete the file once it is of no more use."""
        if self.writes:
            self.path.unlink(missing_ok=True)


class Termination:
    """Takes note of SIGTERM and Ctrl-C within a ``with`` block, so that the process can save its state before it ends.

    The handler does no more than take a note: it may run in the middle of anything, logging included.
    """

    def __init__(self) -> None:
        self.requested = False
        self._signal: int = signal.SIGTERM
        self._previous: dict[int, Any] = {}
        self._in_main_thread = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Termination:
        if self._in_main_thread:
            self._previous = {number: signal.signal(number, self._take_note) for number in ENDING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _take_note(self, number: int, _frame: object) -> None:
        self.requested, self._signal = True, number

    def end(self) -> NoReturn:
        """Let the signal do what it does without this class; end the process should that not end it."""
        os.kill(os.getpid(), self._signal)
        raise SystemExit(128 + self._signal)
