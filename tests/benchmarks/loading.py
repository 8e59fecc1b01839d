"""Data loading of scvi-tools: what an epoch of scVI spends on it, by how the minibatches come about.

    python tests/benchmarks/loading.py --threads 1 2 --rounds 3

Every round goes through all ways one after the other, so that other work on the machine slows them alike; the table
holds medians over the rounds of the seconds an epoch takes to load its minibatches, without training, and of those it
takes in all. A `loss` after the last epoch that is not the first one's tells that a way changes the result.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import time
import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import scvi
import torch
from quality import DATASETS, SCVI, load, markdown_table
from scvi.dataloaders import DataSplitter

if TYPE_CHECKING:
    from anndata import AnnData

WORKER = {"num_workers": 1, "persistent_workers": True}
WAYS: dict[str, dict[str, Any]] = {
    "sparse (scvi-tools' own)": {},
    "dense": {"dense": True},
    "sparse tensors": {"load_sparse_tensor": True},
    "sparse, one worker": WORKER,
    "dense, one worker": {"dense": True, **WORKER},
}
if torch.cuda.is_available():
    WAYS["sparse, pinned memory"] = {"pin_memory": True}
    WAYS["dense, pinned memory"] = {"dense": True, "pin_memory": True}
FORMATS = {"threads": "{:.0f}", "counts": "{}", "loading": "{:.4f}", "epoch": "{:.3f}", "loss": "{:.4f}"}


def one_way(adata: AnnData, *, n_epochs: int, dense: bool = False, **options: Any) -> dict[str, float]:
    """Seconds an epoch to load and to train, and the loss of the last epoch."""
    adata = adata.copy()
    if dense:
        adata.layers["counts"] = adata.layers["counts"].toarray()
    scvi.settings.seed = 0
    scvi.model.SCVI.setup_anndata(adata, layer="counts", batch_key="batch")
    model = scvi.model.SCVI(adata, **SCVI)
    splitter = DataSplitter(model.adata_manager, batch_size=128, **options)
    splitter.setup()
    loader = splitter.train_dataloader()
    started = time.perf_counter()
    for _ in range(n_epochs):
        for _ in loader:
            pass
    loaded = time.perf_counter()
    scvi.settings.seed = 0
    started_training = time.perf_counter()
    train = {"load_sparse_tensor": options.pop("load_sparse_tensor", False), "datasplitter_kwargs": options}
    model.train(max_epochs=n_epochs, enable_progress_bar=False, logger=None, **train)
    trained = time.perf_counter()
    loss = float(model.history["train_loss"].iloc[-1, 0])
    return {"loading": (loaded - started) / n_epochs, "epoch": (trained - started_training) / n_epochs, "loss": loss}


def measure(dataset: str, *, threads: list[int], rounds: int, n_epochs: int) -> pd.DataFrame:
    """Medians over the rounds, one row for every number of threads and every way."""
    adata = load(dataset)
    rows = []
    for n_threads, _, (name, options) in itertools.product(threads, range(rounds), WAYS.items()):
        torch.set_num_threads(n_threads)
        rows.append({"threads": n_threads, "counts": name, **one_way(adata, n_epochs=n_epochs, **options)})
    return pd.DataFrame(rows).groupby(["threads", "counts"], sort=False).median().reset_index()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pbmc_10x", choices=list(DATASETS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in ("lightning.fabric", "lightning.pytorch", "scvi"):
        logging.getLogger(name).setLevel(logging.ERROR)
    table = measure(options.dataset, threads=options.threads, rounds=options.rounds, n_epochs=options.epochs)
    print(markdown_table(table.apply(lambda column: column.map(FORMATS[column.name].format))))


if __name__ == "__main__":
    main()
