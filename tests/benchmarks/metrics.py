"""Seconds and memory of all metrics of one embedding: ours against scib-metrics and scib, and ours by number of cells.

    python tests/benchmarks/metrics.py --peers-python peers/bin/python
    python tests/benchmarks/metrics.py --cells 1000 10000 100000 1000000

A job is a process of its own, from its start to the written table, the kNN graph included; every implementation runs
once before that counts (round 0), so that what it compiles and keeps on disk is there. Ours computes just the metrics
of the peer it is compared with: scib-metrics' Benchmarker with all that it has, or the functions of scib (but kBET,
which needs R). Embedding: principal components without the means of batches. Larger data are replicas of onek1k whose
coordinates got noise of a quarter of their standard deviation.

The peers are those of `--peers-python`, into which went `pip install scib-metrics==0.5.10 pyarrow --no-binary scib
scib==1.1.7` (g++ builds what scib's LISI needs). Finished jobs are lines of results/bench/metrics/speed.tsv and are not
repeated; the tables of the documentation are written beside it, speed.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from metrics_job import METRICS_OF
from quality import DATASETS, ROOT, load, markdown_table

OUTPUT = ROOT / "results" / "bench" / "metrics"
JOB = Path(__file__).with_name("metrics_job.py")
PEERS = {"scib_metrics": "scib-metrics", "scib": "scib"}
REPLICATED, NOISE = "onek1k", 0.25
FULL_PROFILE_UP_TO = 100_000
PAUSE = 0.05
COLUMNS = ["data", "cells", "implementation", "metrics", "profile", "round", "seconds", "peak_gb"]


def prepared(dataset: str, n_cells: int | None = None) -> Path:
    """Folder with the input of the jobs; of a given number of cells, replicas of those that are there."""
    folder = OUTPUT / (dataset if n_cells is None else f"{dataset}_{n_cells}")
    if (folder / "cells.parquet").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    adata = load(dataset)
    pca, cells = adata.obsm["X_pca"].astype(np.float32), adata.obs[["batch", "label"]]
    if n_cells is not None:
        rng = np.random.default_rng(0)
        chosen = np.resize(rng.permutation(adata.n_obs), n_cells)
        noise = rng.normal(size=(n_cells, pca.shape[1])).astype(np.float32)
        pca, cells = pca[chosen] + NOISE * pca.std(axis=0) * noise, cells.iloc[chosen]
    table = pd.DataFrame(pca, columns=[str(i) for i in range(pca.shape[1])])
    table.to_parquet(folder / "pca.parquet")
    centred = table - table.groupby(cells["batch"].to_numpy()).transform("mean")
    centred.to_parquet(folder / "embedding.parquet")
    cells = cells.set_axis(table.index.astype(str)).astype("category")
    cells.to_parquet(folder / "cells.parquet")
    return folder


def measured(python: str, implementation: str, folder: Path, *options: str, threads: int) -> dict[str, float]:
    """Seconds of a job, and the most memory that its processes held together."""
    command = [python, str(JOB), implementation, str(folder), str(folder / f"scores_{implementation}.tsv"), *options]
    environment = os.environ | {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "NUMBA")}
    with (folder / f"{implementation}.log").open("w") as log:
        started = time.perf_counter()
        job = psutil.Popen([*command, "--threads", str(threads)], env=environment, stdout=log, stderr=log)
        peak = 0
        while job.poll() is None:
            peak = max(peak, _memory(job))
            time.sleep(PAUSE)
        seconds = time.perf_counter() - started
    if job.returncode:
        raise subprocess.CalledProcessError(job.returncode, command, output=log.name)
    return {"seconds": round(seconds, 2), "peak_gb": round(peak / 2**30, 3)}


def _memory(job: psutil.Popen) -> int:
    total = 0
    try:
        processes = [job, *job.children(recursive=True)]
    except psutil.NoSuchProcess:
        return total
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


class Table:
    """Finished jobs, kept in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = pd.read_csv(path, sep="\t") if path.is_file() else pd.DataFrame(columns=COLUMNS)

    def add(self, row: dict, python: str, folder: Path, *options: str, threads: int) -> None:
        """Run a job unless its line is there."""
        known = self.rows[list(row)].astype(str) == pd.Series(row).astype(str)
        if known.all(axis=1).any():
            return
        found = measured(python, row["implementation"], folder, *options, threads=threads)
        self.rows = pd.DataFrame([*self.rows.to_dict("records"), row | found], columns=COLUMNS)
        self.rows.to_csv(self.path, sep="\t", index=False)
        print(*(row | found).values(), flush=True)


def compare(table: Table, dataset: str, *, peers_python: str, rounds: int, threads: int) -> None:
    """Run both peers, and ours with the metrics of each."""
    folder = prepared(dataset)
    n_cells = len(pd.read_parquet(folder / "cells.parquet"))
    jobs = [(peer, peers_python, []) for peer in PEERS]
    jobs += [("scbraid", sys.executable, ["--metrics", *METRICS_OF[peer]]) for peer in PEERS]
    known = {"data": dataset, "cells": n_cells, "profile": "full"}
    for number in range(rounds + 1):
        for (implementation, python, options), peer in zip(jobs, [*PEERS, *PEERS]):
            row = known | {"implementation": implementation, "metrics": peer, "round": number}
            table.add(row, python, folder, *options, threads=threads)


def grow(table: Table, sizes: list[int], *, threads: int) -> None:
    """Run ours with all metrics on more and more cells, and once more to see what takes the time."""
    for number, n_cells in enumerate([*sizes[:1], *sizes]):
        folder = prepared(REPLICATED, n_cells)
        profile = "full" if n_cells <= FULL_PROFILE_UP_TO else "fast"
        known = {"data": REPLICATED, "cells": n_cells, "implementation": "scbraid", "profile": profile}
        known["round"] = min(number, 1)
        table.add(known | {"metrics": "all"}, sys.executable, folder, "--profile", profile, threads=threads)
        stages = ["--profile", profile, "--stages", str(folder / "stages.tsv")]
        table.add(known | {"metrics": "one by one"}, sys.executable, folder, *stages, threads=threads)


def comparison(rows: pd.DataFrame) -> str:
    """Medians over the measured rounds as Markdown, a line for every data set and peer."""
    rows = rows[(rows["metrics"].isin(PEERS)) & (rows["round"] > 0)]
    lines = []
    for (data, cells, peer), group in rows.groupby(["data", "cells", "metrics"], sort=False):
        theirs, ours = (group[group["implementation"] == name] for name in (peer, "scbraid"))
        if len(theirs) and len(ours):
            seconds = [statistics.median(part["seconds"]) for part in (theirs, ours)]
            memory = [statistics.median(part["peak_gb"]) for part in (theirs, ours)]
            texts = [f"{value:.1f}" for value in (*seconds, seconds[0] / seconds[1])] + [f"{gb:.2f}" for gb in memory]
            lines.append([f"{data}, {cells:,} cells", PEERS[peer], *texts])
    names = ["data", "peer", "peer, s", "ours, s", "times faster", "peer, GB", "ours, GB"]
    return markdown_table(pd.DataFrame(lines, columns=names))


def growth(rows: pd.DataFrame) -> str:
    """Ours by number of cells as Markdown: the whole, then seconds by stage."""
    rows = rows[(rows["metrics"] == "all") & (rows["round"] > 0)].sort_values("cells")
    lines = []
    for row in rows.itertuples():
        stages = pd.read_csv(OUTPUT / f"{row.data}_{row.cells}" / "stages.tsv", sep="\t").set_index("stage")["seconds"]
        line = {"cells": f"{row.cells:,}", "profile": row.profile}
        line |= {"s": f"{row.seconds:.1f}", "GB": f"{row.peak_gb:.2f}"}
        lines.append(line | stages.map("{:.1f}".format).to_dict())
    return markdown_table(pd.DataFrame(lines))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="*", default=["pbmc_10x", "onek1k"], choices=list(DATASETS))
    parser.add_argument("--cells", nargs="*", type=int, default=[])
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # some peers start a thread for every core they see
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    OUTPUT.mkdir(parents=True, exist_ok=True)
    table = Table(OUTPUT / "speed.tsv")
    for dataset in (name for name in options.datasets if not options.cells and DATASETS[name].is_file()):
        compare(table, dataset, peers_python=options.peers_python, rounds=options.rounds, threads=options.threads)
    grow(table, options.cells, threads=options.threads)
    text = "\n\n".join([comparison(table.rows), growth(table.rows)]) + "\n"
    (OUTPUT / "speed.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
