"""What every script shares: log to the rule's log file, and end a user's mistake in one line instead of a traceback."""

from __future__ import annotations

import errno
import logging
import os
import platform
import select
import signal
import sys
import threading
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

# The library lies beside the scripts; it needs no installing, neither here nor on another node.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# Compiled functions are kept with the run: the repository may be read-only, and a job on a cluster without a home.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(".snakemake", "numba").resolve()))

from scbraid.disk import out_of_space
from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snakemake.iocontainers import Snakemake

SECONDS_TO_LEAVE_A_CHECKPOINT = 3


@contextmanager
def job(snakemake: Snakemake) -> Iterator[TextIO]:
    """Run the body of a script with everything it prints or logs in the rule's log file; yields the terminal.

    A :class:`~scbraid.errors.UserError` ends the script with one line there, any other exception with its traceback;
    Snakemake shows the log of a failed job on the terminal.
    """
    _end_when_asked()
    _end_with_snakemake()
    stdout, stderr = sys.stdout, sys.stderr
    with Path(snakemake.log[0]).open("w", buffering=1) as log:
        sys.stdout = sys.stderr = log
        logging.basicConfig(stream=log, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True)
        logging.captureWarnings(True)
        # Tells where the job ran, and leaves no log empty: after an empty one Snakemake does not show what SLURM said.
        logging.getLogger("scbraid").info("%s on %s, threads: %d", snakemake.rule, platform.node(), snakemake.threads)
        try:
            yield stderr
        except UserError as mistake:
            print(f"scbraid: {mistake}")
            sys.exit(1)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs into the log
            if full := out_of_space(error, Path(snakemake.output[0]).parent):
                _end_out_of_space(full, snakemake.output[0], log, stderr)
            traceback.print_exc()
            sys.exit(1)
        finally:
            logging.basicConfig(handlers=[logging.NullHandler()], force=True)
            sys.stdout, sys.stderr = stdout, stderr


def _end_out_of_space(error: OSError, output: str, log: TextIO, terminal: TextIO) -> NoReturn:
    """Tell of a full disk on the terminal, as the log may lie on that disk too, and end without closing any file.

    HDF5 crashes when it closes a file that it could not write; the tracebacks that it has left in the log say no more.
    """
    log.truncate(0)
    reason = os.strerror(error.errno or errno.ENOSPC)
    print(f"scbraid: {output}: {reason}; free some space and run again", file=terminal, flush=True)
    os._exit(1)


def _end_when_asked() -> None:
    """Let SIGTERM and Ctrl-C end this process at once, whatever a library would rather do.

    Lightning makes exceptions of them, and an interrupted method would pass for one that failed.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end_by)


def _end_by(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _end_with_snakemake() -> None:
    """End this process when the Snakemake that started it is killed: its files would mix with those of the next run."""
    if "SCBRAID_SNAKEMAKE" not in os.environ or not hasattr(os, "pidfd_open"):
        return
    try:
        watched = os.pidfd_open(int(os.environ["SCBRAID_SNAKEMAKE"]))
    except ProcessLookupError:
        sys.exit("scbraid: the Snakemake that started this job has ended")
    except OSError:  # not on this kernel
        return

    main = threading.main_thread().ident

    def wait() -> None:
        select.select([watched], [], [])
        if main and signal.getsignal(signal.SIGTERM) is not _end_by:  # a training that leaves a checkpoint
            signal.pthread_kill(main, signal.SIGTERM)
            time.sleep(SECONDS_TO_LEAVE_A_CHECKPOINT)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
