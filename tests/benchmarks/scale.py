"""Seconds and memory of each step from the source file to a trained cvae, by number of cells (docs/scale.md).

    python tests/benchmarks/scale.py --cells 10000 100000 1000000

Simulates counts of 20,000 genes (simulated.py) and runs the workflow itself on them in results/bench/scale/<cells>,
with the default settings: standardize, qc with doublet scores, 2,000 highly variable genes, PCA and cvae. Seconds are
Snakemake's, memory is the most that the kernel saw the process of the step hold. Finished steps are not repeated.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import yaml
from methods import workflow_command
from quality import DATASETS, ROOT, markdown_table
from simulated import SimulatedCells

from scbraid.data.h5ad import read_h5ad, write_h5ad

OUTPUT = ROOT / "results" / "bench" / "scale"
#: script of the step, and the file where Snakemake writes its seconds
STEPS = {
    "standardize": "standardize/cells.tsv",
    "qc": "qc/cells.tsv",
    "features": "features/cells.tsv",
    "pca": "pca/cells.tsv",
    "integrate": "train/cells/cvae-0.tsv",
}
TARGETS = ("pca/embedding.parquet", "runs/cvae/seed-0/embedding.parquet")
CONFIG: dict[str, Any] = {
    "datasets": {
        "cells": {"source": "counts.h5ad", "batch": "sample", "label": "cell_type", "counts": "layers/counts"}
    },
    "methods": {"cvae": {}},
    "accelerator": "cpu",
}
PAUSE = 0.2


class PeakMemory(threading.Thread):
    """Watches the jobs of a process and keeps the most memory that each script of theirs held, in megabytes."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self.megabytes: dict[str, float] = {}

    def run(self) -> None:
        """Look until the process has ended."""
        while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
            for job in self._process.children(recursive=True):
                try:
                    script = re.search(r"\.(\w+)\.py$", " ".join(job.cmdline()))
                    status = Path(f"/proc/{job.pid}/status").read_text()
                except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
                    continue
                peak = re.search(r"VmHWM:\s+(\d+) kB", status)
                if script and peak:
                    known = self.megabytes.get(script[1], 0)
                    self.megabytes[script[1]] = max(known, int(peak[1]) / 2**10)
            time.sleep(PAUSE)


def measured(folder: Path, *, cores: int) -> dict[str, float]:
    """Run the workflow in a folder; peak memory of each script that ran, in megabytes."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    command = workflow_command(folder, *(f"results/cells/{target}" for target in TARGETS), cores=str(cores))
    process = psutil.Popen(command, cwd=ROOT)
    memory = PeakMemory(process)
    memory.start()
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)
    memory.join()
    return memory.megabytes


def record(n_cells: int, folder: Path, memory: dict[str, float]) -> None:
    """Write a line for every step that ran in place of the one that was there."""
    file = folder / "scale.tsv"
    known = pd.read_csv(file, sep="\t").to_dict("records") if file.is_file() else []
    lines = {line["step"]: line for line in known}
    for step in STEPS.keys() & memory:
        seconds = pd.read_csv(folder / "results" / "benchmarks" / STEPS[step], sep="\t")["s"][0]
        peak = round(memory[step] / 2**10, 2)
        lines[step] = {"cells": n_cells, "step": step, "seconds": round(seconds), "peak_gb": peak}
    pd.DataFrame([lines[step] for step in STEPS if step in lines]).to_csv(file, sep="\t", index=False)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    for n_cells in options.cells:
        folder = OUTPUT / str(n_cells)
        if not (folder / "counts.h5ad").is_file():
            simulated = SimulatedCells(read_h5ad(DATASETS["pbmc"]), n_cells)
            write_h5ad(simulated.annotation, folder / "part.h5ad", matrices={"layers/counts": simulated})
            (folder / "part.h5ad").rename(folder / "counts.h5ad")
        memory = measured(folder, cores=options.cores)
        record(n_cells, folder, memory)
    tables = [
        pd.read_csv(file, sep="\t") for file in sorted(OUTPUT.glob("*/scale.tsv"), key=lambda f: int(f.parts[-2]))
    ]
    table = pd.concat(tables)
    table.to_csv(OUTPUT / "scale.tsv", sep="\t", index=False)
    (OUTPUT / "scale.md").write_text(markdown_table(table.astype(str)) + "\n")
    print((OUTPUT / "scale.md").read_text())


if __name__ == "__main__":
    main()
