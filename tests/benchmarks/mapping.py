"""Reference mapping against training again: seconds, share of the weights trained, accuracy of the labels.

    python tests/benchmarks/mapping.py --datasets pbmc scmix

The smallest batch is mapped onto a model of all the others, and for comparison the
same method is trained again on all cells. Writes results/bench/mapping.tsv and prints the table of docs/mapping.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from quality import DATASETS, ROOT, load, markdown_table

from scbraid.methods.registry import load as load_method
from scbraid.methods.registry import load_mapping, parameter_schema
from scbraid.methods.spec import Context
from scbraid.transfer.classifiers import knn

RUNS: dict[str, dict[str, Any]] = {
    "scvi": {},
    "scvi, encode_covariates": {"encode_covariates": True},
    "cvae": {},
    "cvae, encode_covariates": {"encode_covariates": True},
}


def measure(name: str, dataset: str) -> dict[str, Any]:
    """Train on all cells, train without the smallest batch, and map that batch."""
    adata = load(dataset)
    method = name.split(",")[0]
    defaults = {key: entry["default"] for key, entry in parameter_schema(method)["properties"].items()}
    settings = defaults | RUNS[name]
    query = (adata.obs["batch"] == adata.obs["batch"].value_counts().idxmin()).to_numpy()
    old, new = adata[~query].copy(), adata[query].copy()
    for part in (old, new):
        part.obs["batch"] = part.obs["batch"].cat.remove_unused_categories()
    with tempfile.TemporaryDirectory() as folder:
        context = Context(seed=0, accelerator="cpu", threads=torch.get_num_threads(), model_dir=Path(folder))
        started = time.perf_counter()
        load_method(method)[0](adata.copy(), context, **settings)
        retrained = time.perf_counter() - started
        reference = load_method(method)[0](old.copy(), context, **settings)
        started = time.perf_counter()
        mapped = load_mapping(method)(new.copy(), context, **settings)
        seconds = time.perf_counter() - started
    labels = old.obs["label"].astype(str).to_numpy()
    probabilities, _ = knn(np.asarray(reference.embedding), labels, np.asarray(mapped.embedding))
    truth = new.obs["label"].astype(str)
    seen = truth.isin(np.unique(labels)).to_numpy()
    right = (probabilities.idxmax(axis=1).to_numpy() == truth.to_numpy())[seen]
    return {
        "method": name,
        "data": dataset,
        "query cells": int(query.sum()),
        "training again, s": retrained,
        "mapping, s": seconds,
        "times faster": retrained / seconds,
        "epochs": mapped.facts["epochs"],
        "weights trained, %": 100 * mapped.facts["fraction_trained"],
        "accuracy (seen labels)": float(right.mean()),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["pbmc", "scmix"], choices=list(DATASETS))
    parser.add_argument("--runs", nargs="+", default=list(RUNS), choices=list(RUNS))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    table = pd.DataFrame([measure(name, dataset) for dataset in options.datasets for name in options.runs])
    output = ROOT / "results" / "bench" / "mapping.tsv"
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, sep="\t", index=False, float_format="%.4f")
    print(markdown_table(table.map(lambda value: f"{value:.3g}" if isinstance(value, float) else str(value))))


if __name__ == "__main__":
    main()
