"""What every script shares: log to the rule's log file, and end a user's mistake in one line instead of a traceback."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

# The library lies beside the scripts; it needs no installing, neither here nor on another node.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# Compiled functions are kept with the run: the repository may be read-only, and a job on a cluster without a home.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(".snakemake", "numba").resolve()))

from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snakemake.iocontainers import Snakemake


@contextmanager
def job(snakemake: Snakemake) -> Iterator[TextIO]:
    """Run the body of a script with everything it prints or logs in the rule's log file; yields the terminal.

    A :class:`~scbraid.errors.UserError` ends the script with one line there, any other exception with its traceback;
    Snakemake shows the log of a failed job on the terminal.
    """
    stdout, stderr = sys.stdout, sys.stderr
    with Path(snakemake.log[0]).open("w", buffering=1) as log:
        sys.stdout = sys.stderr = log
        logging.basicConfig(stream=log, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True)
        logging.captureWarnings(True)
        try:
            yield stderr
        except UserError as mistake:
            print(f"scbraid: {mistake}")
            sys.exit(1)
        except Exception:  # noqa: BLE001 - whatever it is, it belongs into the log
            traceback.print_exc()
            sys.exit(1)
        finally:
            logging.basicConfig(handlers=[logging.NullHandler()], force=True)
            sys.stdout, sys.stderr = stdout, stderr
