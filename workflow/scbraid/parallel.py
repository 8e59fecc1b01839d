"""Run compiled row-wise kernels on the threads that a job was given."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def thread_count() -> int:
    """Return how many threads this process may use: ``OMP_NUM_THREADS`` where set, else the cores it may run on."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_rows(kernel: Callable[..., None], n_rows: int, *arguments: object) -> None:
    """Call ``kernel(start, stop, *arguments)`` on consecutive ranges that together cover all rows.

    Parameters
    ----------
    kernel
        Function that releases the GIL and writes the results of rows ``start`` to ``stop`` into its arguments. Rows
        must not depend on each other, so that the result is the same for any number of threads.
    n_rows
        Number of rows.
    arguments
        Passed on to every call.
    """
    threads = thread_count()
    if threads == 1:
        kernel(0, n_rows, *arguments)
        return
    parts = min(4 * threads, n_rows)
    bounds = [n_rows * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(kernel, start, stop, *arguments) for start, stop in itertools.pairwise(bounds)]
        for future in futures:
            future.result()
