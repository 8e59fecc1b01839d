"""What every script shares: log to the rule's log file, and end a user's mistake in one line instead of a traceback."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

# The library lies beside the scripts; it needs no installing, neither here nor on another node.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snakemake.iocontainers import Snakemake


@contextmanager
def job(snakemake: Snakemake) -> Iterator[None]:
    """Run the body of a script with its log set up.

    Everything printed or logged goes to the first log file of the rule. A :class:`~scbraid.errors.UserError` is
    printed to the terminal and to the log, and the script exits with status 1.
    """
    terminal = sys.stderr
    with Path(snakemake.log[0]).open("w", buffering=1) as log:
        sys.stdout = sys.stderr = log
        logging.basicConfig(stream=log, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True)
        logging.captureWarnings(True)
        try:
            yield
        except UserError as mistake:
            message = f"scbraid: {mistake}"
            print(message, file=log)
            print(message, file=terminal)
            sys.exit(1)
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, terminal
