"""All methods and classifiers through the workflow itself, every batch left out in turn: the tables of docs/methods.md.

    python tests/benchmarks/methods.py --datasets pbmc scmix pbmc_10x --cores 2

Runs `snakemake` in results/bench/methods, so that a second call computes only what changed, and writes methods.tsv
(scores of every run), transfer.tsv (scores of every classifier), mapping.tsv (cost of reference mapping) and tables.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml
from quality import DATASETS, N_TOP_GENES, ROOT, markdown_table

from scbraid.files import read_h5ad, read_json, read_table

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = ROOT / "results" / "bench" / "methods"
#: scvi-tools' own choice is 400; fewer keep the comparison affordable, parity.py compares full trainings
EPOCHS = {"max_epochs": 200}
SURGERY = {"encode_covariates": True}
METHODS: dict[str, dict[str, Any]] = {
    "pca": {},
    "harmony": {},
    "scanorama": {},
    "bbknn": {},
    "combat": {},
    "scvi": EPOCHS,
    "scvi_encoded": {"method": "scvi"} | SURGERY | EPOCHS,
    "linear_scvi": EPOCHS,
    "sysvi": EPOCHS,
    "mrvi": {},
    "cvae": {},
    "cvae_encoded": {"method": "cvae"} | SURGERY,
    "cvae_zinb": {"method": "cvae", "likelihood": "zinb"},
    "scanvi": EPOCHS,
    "cvae_labels": {},
    "control_labels": {},
    "control_mixed": {},
    "control_shuffled": {},
}
TRANSFER_SCORES = (
    "balanced_accuracy_seen",
    "accuracy",
    "macro_f1",
    "ece",
    "rejected",
    "accuracy_kept",
    "novelty_auroc",
)


def config(datasets: list[str]) -> dict[str, Any]:
    """Config of the comparison: every cell is kept, quality control has its own tests."""
    keep_all = {"scrublet": False} | dict.fromkeys(
        ("mads_log_counts", "mads_log_genes", "mads_top_20", "mads_mitochondrial")
    )
    return {
        "datasets": {
            name: {
                "source": str(DATASETS[name]),
                "batch": "batch",
                "label": "cell_type",
                "transfer": {"query": "each_batch"},
                "qc": keep_all,
                "features": {"n_top_genes": min(N_TOP_GENES, read_h5ad(DATASETS[name]).n_vars)},
            }
            for name in datasets
        },
        "methods": METHODS,
        "transfer": {"classifiers": ["knn", "logistic", "head", "mapping"]},
        "accelerator": "cpu",
        "allow_failures": True,
    }


def gathered(folder: Path, datasets: list[str]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Scores of runs, scores of classifiers, and cost of mapping, from the results of the workflow."""
    runs = pd.concat(
        [
            read_table(folder / name / "benchmark" / "summary.tsv", names=("method",)).assign(dataset=name)
            for name in datasets
        ]
    )
    transfers, mappings = [], []
    for name in datasets:
        transfer = folder / name / "transfer"
        for file in sorted(transfer.glob("*/*/seed-*/scores.tsv")):
            classifier, method, _ = file.parts[-4:-1]
            scores = read_table(file, names=("score", "label")).drop_duplicates("score").set_index("score")["value"]
            row = {"dataset": name, "classifier": classifier, "method": method}
            transfers.append(row | scores.reindex(TRANSFER_SCORES).to_dict())
        for file in sorted((transfer / "mapped").glob("*/seed-0/folds.json")):
            retrained = read_json(folder / name / "runs" / file.parts[-3] / "seed-0" / "run.json")["seconds"]
            for task, facts in read_json(file)["tasks"].items():
                row = {"dataset": name, "method": file.parts[-3], "query": task}
                mappings.append(row | facts | {"seconds_retraining": retrained})
    mapping = pd.DataFrame(mappings)
    mapping["times_faster"] = mapping["seconds_retraining"] / mapping["seconds"]
    return runs, pd.DataFrame(transfers), mapping


def tables(runs: pd.DataFrame, transfers: pd.DataFrame, mapping: pd.DataFrame) -> str:
    """Write the Markdown tables of the documentation."""
    order = list(METHODS)
    totals = runs.pivot_table(index="method", columns="dataset", values=["total", "seconds"], sort=False).reindex(order)
    totals.columns = [f"{name} {value}" for value, name in totals.columns]
    best = transfers.pivot_table(
        index=["classifier", "method"], columns="dataset", values="balanced_accuracy_seen", sort=False
    )
    cost = mapping.groupby("method", sort=False)[["fraction_trained", "times_faster"]].agg(["min", "max"])
    cost.columns = [" ".join(column).replace("_", " ") for column in cost.columns]
    parts = [totals, best.sort_index(), cost]
    return "\n\n".join(markdown_table(table.reset_index().map(_text)) for table in parts) + "\n"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else f"{value:.1f}" if value >= 2 else f"{value:.3f}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["pbmc", "scmix", "pbmc_10x"], choices=list(DATASETS))
    parser.add_argument("--cores", default="2")
    parser.add_argument("--threads", default="1", help="threads of a training; more than one trains at a time")
    options = parser.parse_args()
    datasets = [name for name in options.datasets if DATASETS[name].is_file()]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "config.yaml").write_text(yaml.safe_dump(config(datasets), sort_keys=False))
    threads = [f"{rule}={options.threads}" for rule in ("train", "train_with_labels", "folds", "mapping", "integrate")]
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(OUTPUT)]
    command += ["--configfile", str(OUTPUT / "config.yaml"), "--cores", options.cores, "--set-threads", *threads]
    subprocess.run(command, check=True, cwd=ROOT)
    found = gathered(OUTPUT / "results", datasets)
    for name, table in zip(("methods", "transfer", "mapping"), found):
        table.to_csv(OUTPUT / f"{name}.tsv", sep="\t", index=False, float_format="%.4f")
    (OUTPUT / "tables.md").write_text(tables(*found))
    print(tables(*found))


if __name__ == "__main__":
    main()
