"""Snakemake in the background, its running jobs, and their sudden end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONGEST_WAIT = 300
SCRIPTS = "/.snakemake/scripts/"


class Background:
    """One run of Snakemake, started as a user would."""

    def __init__(self, checkout: Path, *arguments: str) -> None:
        self.checkout = checkout
        command = [sys.executable, "-m", "snakemake", *arguments]
        # A shell lets what it starts in the background ignore Ctrl-C, and a process hands that on.
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        with (checkout / ".snakemake.out").open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=checkout, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        signal.signal(signal.SIGINT, before)

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        """Kill Snakemake alone, as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()

    def wait(self) -> int:
        return self.process.wait(LONGEST_WAIT)


def jobs(checkout: Path) -> list[psutil.Process]:
    """Running scripts of the workflow in a checkout, whoever started them; the oldest first."""
    found = []
    for process in psutil.process_iter(["cmdline", "create_time"]):
        command = process.info["cmdline"] or []
        # the shell that starts a script has it in its arguments too
        if len(command) == 2 and command[1].startswith(f"{checkout}{SCRIPTS}"):
            found.append(process)
    return sorted(found, key=lambda process: process.info["create_time"])


def kill(process: psutil.Process) -> None:
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return


def end_all(checkout: Path) -> None:
    """Kill whatever a test has left running in a checkout."""
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(checkout):
            kill(process)


def wait_until(condition: Callable[[], object], seconds: float = LONGEST_WAIT) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
