"""One GPU for every training job of a machine that has several."""

from __future__ import annotations

import fcntl
import getpass
import logging
import os
import re
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

VISIBLE, JOBS_PER_GPU = "CUDA_VISIBLE_DEVICES", "SCBRAID_JOBS_PER_GPU"
_PAUSE = 1.0
logger = logging.getLogger(__name__)


@contextmanager
def reserved_gpu(accelerator: str, *, folder: Path | None = None) -> Iterator[str | None]:
    """Reserve a GPU for this process and hide the others from it; to be entered before torch looks for devices.

    The choice is among the devices in ``CUDA_VISIBLE_DEVICES`` where a scheduler or the user has set it, else among all
    of the machine. A device takes one job, or as many as ``SCBRAID_JOBS_PER_GPU`` says; a job without a free one waits.
    A reservation is a lock on a file, which the system takes back from a process that ends in whatever way. With a
    single device, or none, there is nothing to choose: nothing is reserved.

    Parameters
    ----------
    accelerator
        ``cpu`` reserves nothing.
    folder
        Where the lock files are; by default one for the user in the folder for temporary files, the same for all runs.

    Yields
    ------
    The device, as in ``CUDA_VISIBLE_DEVICES``; None where nothing was reserved.
    """
    devices = visible_devices()
    if accelerator == "cpu" or len(devices) < 2:
        yield None
        return
    folder = folder or Path(tempfile.gettempdir(), f"scbraid-gpus-{getpass.getuser()}")
    folder.mkdir(parents=True, exist_ok=True)
    device, lock = _reserved(devices, folder)
    before = os.environ.get(VISIBLE)
    os.environ[VISIBLE] = device
    logger.info("GPU %s of %s", device, ", ".join(devices))
    try:
        yield device
    finally:
        lock.close()
        if before is None:
            del os.environ[VISIBLE]
        else:
            os.environ[VISIBLE] = before


def visible_devices() -> list[str]:
    """Names of the CUDA devices that this process may use, as ``CUDA_VISIBLE_DEVICES`` takes them."""
    if VISIBLE in os.environ:
        return [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip()]
    found = [path for path in Path("/dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
    return [str(index) for index in range(len(found))]


def _reserved(devices: list[str], folder: Path) -> tuple[str, TextIO]:
    """Lock the first free place; places of all devices come before the second places of any."""
    places = [(device, number) for number in range(_jobs_per_gpu()) for device in devices]
    waits = False
    while True:
        for device, number in places:
            lock = (folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', device)}.{number}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
            else:
                return device, lock
        if not waits:
            logger.info("all GPUs (%s) are taken, waiting for one", ", ".join(devices))
            waits = True
        time.sleep(_PAUSE)


def _jobs_per_gpu() -> int:
    text = os.environ.get(JOBS_PER_GPU, "1")
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"{JOBS_PER_GPU} is '{text}'; it should be a whole number of at least 1")
    return int(text)
