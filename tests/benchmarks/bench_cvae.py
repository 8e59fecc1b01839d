"""Training speed and memory of the cvae beside scvi-tools, on simulated counts, everything in one run.

    PYTHONPATH=workflow python tests/benchmarks/bench_cvae.py            # a minute or two
    SIZE=full PYTHONPATH=workflow python tests/benchmarks/bench_cvae.py  # 100,000 and 1,000,000 cells too

Both train the same architecture with the same minibatches; their epochs alternate, and of each the fastest counts, so
that other work on the machine disturbs the ratio as little as possible. Writes results/bench/cvae.json and cvae.md.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import torch
from quality import DATASETS, ROOT, evaluate, load, markdown_table, trained_scvi
from scipy import sparse

from scbraid.cvae import CVAE
from scbraid.cvae.schedule import default_batch_size, default_epochs

OUTPUT = ROOT / "results" / "bench"
N_GENES, DENSITY, N_BATCHES = 2000, 0.08, 3
ARCHITECTURE = {"n_hidden": 128, "n_latent": 30, "n_layers": 2}
SCVI_PRIOR = {"prior": "normal", "input_transform": "log1p"}
FULL_SIZES = (100_000, 1_000_000)
MILLION_EPOCHS = 8
SHORTENINGS = (16, 8, 4, 2, 1)


def simulate(n_cells: int, *, seed: int = 0) -> ad.AnnData:
    """Draw Poisson counts of genes of very different expression, non-zero in the share DENSITY."""
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(0, 1.5, N_GENES)
    low, high = 1e-6, 10.0
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if (1 - np.exp(-middle * rate)).mean() < DENSITY else (low, middle)
    batch = rng.integers(0, N_BATCHES, n_cells)
    effects = low * rate * rng.lognormal(0, 0.2, (N_BATCHES, N_GENES))
    parts = [
        sparse.csr_matrix(rng.poisson(effects[part]).astype(np.uint16))
        for part in np.array_split(batch, -(-n_cells // 10_000))
    ]
    return ad.AnnData(
        sparse.vstack(parts, format="csr"),
        obs=pd.DataFrame({"batch": pd.Categorical(batch.astype(str))}, index=[f"{i:07d}" for i in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene{i:04d}" for i in range(N_GENES)]),
    )


def scvi_epochs(adata: ad.AnnData, n_epochs: int, *, accelerator: str, batch_size: int, **train: Any) -> list[float]:
    """Seconds of each epoch of scvi-tools' SCVI."""
    import scvi
    from lightning.pytorch import Callback

    class Clock(Callback):
        def __init__(self) -> None:
            self.seconds: list[float] = []

        def on_train_epoch_start(self, *_: object) -> None:
            self.started = time.perf_counter()

        def on_train_epoch_end(self, *_: object) -> None:
            if accelerator == "gpu":
                torch.cuda.synchronize()
            self.seconds.append(time.perf_counter() - self.started)

    clock = Clock()
    scvi.model.SCVI.setup_anndata(adata, batch_key="batch")
    model = scvi.model.SCVI(adata, **ARCHITECTURE, gene_likelihood="nb")
    options = {"enable_progress_bar": False, "logger": False, "train_size": 1.0, "callbacks": [clock]}
    model.train(max_epochs=n_epochs, accelerator=accelerator, batch_size=batch_size, **options, **train)
    return clock.seconds


def cvae_epochs(adata: ad.AnnData, n_epochs: int, *, accelerator: str, batch_size: int, **params: Any) -> list[float]:
    """Seconds of each epoch of the cvae."""
    model = CVAE(
        adata, batch_key="batch", accelerator=accelerator, max_epochs=n_epochs, batch_size=batch_size, **params
    ).fit()
    return model.history["seconds"].tolist()


def compare(adata: ad.AnnData, *, batch_size: int, accelerator: str, rounds: int, n_epochs: int) -> dict[str, Any]:
    """Fastest of equally many epochs with the same architecture and minibatches; and the cvae with its own recipe."""
    floats = adata.copy()
    floats.X = adata.X.astype(np.float32)
    setting = {"accelerator": accelerator, "batch_size": batch_size}
    theirs, ours, recipe = [], [], []
    for _ in range(rounds):
        theirs += scvi_epochs(floats, n_epochs, **setting)
        ours += cvae_epochs(adata, n_epochs, **setting, **ARCHITECTURE, **SCVI_PRIOR)
        recipe += cvae_epochs(adata, n_epochs, **setting)
    cells_per_second = adata.n_obs / min(ours)
    return {
        "cells": adata.n_obs,
        "genes": adata.n_vars,
        "density": adata.X.nnz / np.prod(adata.shape),
        "batch_size": batch_size,
        "accelerator": accelerator,
        "scvi_seconds": min(theirs),
        "cvae_seconds": min(ours),
        "cvae_default_recipe_seconds": min(recipe),
        "ratio": min(theirs) / min(ours),
        "cells_per_second": cells_per_second,
        **arithmetic(cells_per_second, DENSITY, accelerator),
    }


def arithmetic(cells_per_second: float, density: float, accelerator: str) -> dict[str, float]:
    """Achieved rate of the networks' matrix products, and the rate of one large product on the same device."""
    hidden, latent = ARCHITECTURE["n_hidden"], ARCHITECTURE["n_latent"]
    inputs = N_GENES * (density if accelerator == "cpu" else 1.0)
    trained_inputs = 2 * inputs * hidden  # product and gradient by the weights
    dense = 3 * (2 * hidden * hidden + 3 * hidden * latent + hidden * N_GENES)  # and gradient by the inputs
    achieved = 2 * (trained_inputs + dense) * cells_per_second
    device, dtype = ("cpu", torch.float32) if accelerator == "cpu" else ("cuda", torch.bfloat16)
    matrix = torch.randn(2048, 2048, device=device, dtype=dtype)
    fastest = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        matrix @ matrix
        if device == "cuda":
            torch.cuda.synchronize()
        fastest = min(fastest, time.perf_counter() - started)
    peak = 2 * 2048**3 / fastest
    return {"gflops": achieved / 1e9, "peak_gflops": peak / 1e9, "fraction_of_peak": achieved / peak}


def compare_on_gpu(adata: ad.AnnData) -> dict[str, Any]:
    """Cells a second of the cvae's defaults, and of scvi-tools with its defaults and tuned."""
    floats = adata.copy()
    floats.X = adata.X.astype(np.float32)
    default = min(scvi_epochs(floats, 2, accelerator="gpu", batch_size=128))
    tuned = min(
        scvi_epochs(
            floats,
            5,
            accelerator="gpu",
            batch_size=4096,
            load_sparse_tensor=True,
            datasplitter_kwargs={"pin_memory": True},
        )
    )
    torch.cuda.reset_peak_memory_stats()
    ours = min(cvae_epochs(adata, 5, accelerator="gpu", batch_size=4096, **ARCHITECTURE, **SCVI_PRIOR))
    return {
        "cells": adata.n_obs,
        "cvae_precision": "bf16",
        "scvi_precision": "float32",
        "cvae_cells_per_second": adata.n_obs / ours,
        "scvi_default_cells_per_second": adata.n_obs / default,
        "scvi_tuned_cells_per_second": adata.n_obs / tuned,
        "ratio_to_default": default / ours,
        "ratio_to_tuned": tuned / ours,
        "peak_gpu_mb": torch.cuda.max_memory_allocated() / 2**20,
        **arithmetic(adata.n_obs / ours, DENSITY, "gpu"),
    }


def from_file(n_cells: int, *, accelerator: str, n_epochs: int) -> dict[str, Any]:
    """Train from an .h5ad in a process of its own: wall time and peak memory of everything."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "cells.h5ad"
        simulate(n_cells).write_h5ad(data)
        command = [sys.executable, "-m", "scbraid.cvae", "fit", str(data), "--batch-key", "batch", "-o", folder]
        started = time.perf_counter()
        subprocess.run([*command, "--max-epochs", str(n_epochs), "--accelerator", accelerator], check=True)
        seconds = time.perf_counter() - started
        info = json.loads((Path(folder) / "run.json").read_text())
    kept = ("device", "epochs", "cells_per_second", "peak_ram_mb", "peak_gpu_mb")
    return {"cells": n_cells, "seconds": seconds} | {name: info[name] for name in kept if name in info}


def time_to_score(dataset: str, *, seed: int = 0) -> dict[str, Any]:
    """Seconds of the cvae's shortest training, in whole fractions of its own, that scores like fully trained scVI."""
    adata = load(dataset)
    started = time.perf_counter()
    theirs = trained_scvi(dataset, seed)
    scvi_seconds = time.perf_counter() - started
    all_epochs = default_epochs(adata.n_obs, default_batch_size(adata.n_obs))
    target = evaluate(adata, theirs.get_latent_representation(), "scvi")["total"]
    for divisor in SHORTENINGS:
        started = time.perf_counter()
        n_epochs = max(1, all_epochs // divisor)
        model = CVAE(adata, batch_key="batch", seed=seed, accelerator="cpu", max_epochs=n_epochs).fit()
        seconds = time.perf_counter() - started
        reached = evaluate(adata, model.embedding(), "cvae")["total"]
        if reached >= target:
            break
    return {
        "dataset": dataset,
        "scvi_seconds": scvi_seconds,
        "scvi_total": target,
        "cvae_epochs": n_epochs,
        "cvae_seconds": seconds,
        "cvae_total": reached,
        "ratio": scvi_seconds / seconds if reached >= target else None,
    }


def measure(*, full: bool) -> dict[str, Any]:
    """Run every benchmark that this machine and size allow."""
    has_gpu = torch.cuda.is_available()
    results: dict[str, Any] = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if has_gpu else None,
            "versions": {name: version(name) for name in ("torch", "scvi-tools")},
        }
    }
    small = simulate(2860)
    results["cpu"] = [
        compare(small, batch_size=size, accelerator="cpu", rounds=4 if full else 2, n_epochs=12) for size in (128, 512)
    ]
    sets = [name for name in DATASETS if DATASETS[name].is_file()] if full else ["pbmc"]
    results["time_to_score"] = [time_to_score(name) for name in sets]
    if full:
        large = simulate(FULL_SIZES[0])
        results["cpu"].append(compare(large, batch_size=512, accelerator="cpu", rounds=1, n_epochs=3))
        results["from_file"] = [from_file(FULL_SIZES[1], accelerator="cpu", n_epochs=1)]
    if has_gpu:
        results["gpu"] = [compare_on_gpu(simulate(n)) for n in (FULL_SIZES if full else FULL_SIZES[:1])]
    if has_gpu and full:
        results["from_file"].append(from_file(FULL_SIZES[1], accelerator="gpu", n_epochs=MILLION_EPOCHS))
    return results


def markdown(results: dict[str, Any]) -> str:
    """Tables of the results."""
    machine = results["machine"]
    lines = [
        f"{machine['threads']} CPU threads, GPU: {machine['gpu'] or 'none'}, torch {machine['versions']['torch']}, "
        f"scvi-tools {machine['versions']['scvi-tools']}; {N_GENES:,} genes, {DENSITY:.0%} of the counts not zero.",
    ]
    for section in ("cpu", "time_to_score", "gpu", "from_file"):
        if section in results:
            table = pd.DataFrame(results[section]).drop(columns=["genes", "density"], errors="ignore")
            lines += ["", markdown_table(table.map(_short))]
    return "\n".join(lines) + "\n"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Measure, write the files and print the tables."""
    warnings.simplefilter("ignore")
    for name in ("lightning.pytorch", "scvi"):
        logging.getLogger(name).setLevel(logging.ERROR)
    results = measure(full=os.environ.get("SIZE") == "full")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "cvae.json").write_text(json.dumps(results, indent=2) + "\n")
    (OUTPUT / "cvae.md").write_text(markdown(results))
    print(markdown(results))


if __name__ == "__main__":
    main()
