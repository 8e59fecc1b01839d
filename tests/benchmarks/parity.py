"""The wrapped methods against the same tools called by hand: total scores side by side.

    python tests/benchmarks/parity.py --datasets pbmc scmix pbmc_10x --seeds 0

Both get the same cells, genes, parameters and seed, and are scored by the same metrics. Finished runs are lines of
results/bench/parity.tsv and are not repeated; the table of the documentation is written beside it, parity.md.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch
from quality import METHODS as BY_HAND
from quality import load, markdown_table, run_command

from scbraid.methods.registry import load as load_method
from scbraid.methods.registry import parameter_schema
from scbraid.methods.spec import Context

if TYPE_CHECKING:
    import numpy as np

COMPARED = ("pca", "harmony", "scvi", "scanvi")


def wrapped(dataset: str, seed: int, *, name: str) -> np.ndarray:
    """Embedding of a method of the registry with its defaults."""
    defaults = {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}
    with tempfile.TemporaryDirectory() as folder:
        context = Context(seed=seed, accelerator="cpu", threads=torch.get_num_threads(), model_dir=Path(folder))
        return load_method(name)[0](load(dataset).copy(), context, **defaults).embedding


#: what the wrappers do otherwise than scvi-tools by default: the second training of scANVI holds out no cells
SAME = {"scanvi": {"train_size": 1.0}}
RUNS = {f"{name} by hand": partial(BY_HAND[name], **SAME.get(name, {})) for name in COMPARED} | {
    f"{name} wrapped": partial(wrapped, name=name) for name in COMPARED
}


def comparison(table: pd.DataFrame) -> str:
    """Totals of both and their difference, a line a method and data set, as Markdown."""
    means = table.groupby(["run", "dataset"], sort=False)["total"].mean()
    rows = []
    for name in COMPARED:
        for dataset in table["dataset"].unique():
            pair = [means.get((f"{name} {how}", dataset)) for how in ("by hand", "wrapped")]
            if None not in pair:
                rows.append([name, dataset, *[f"{value:.3f}" for value in pair], f"{pair[1] - pair[0]:+.3f}"])
    return markdown_table(pd.DataFrame(rows, columns=["method", "data", "by hand", "wrapped", "difference"])) + "\n"


def main() -> None:
    """Run from the command line."""
    table_file = run_command(__doc__, RUNS, called="runs", table_name="parity.tsv", seeds=[0])
    text = comparison(pd.read_csv(table_file, sep="\t"))
    table_file.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
