"""All methods and classifiers through the workflow itself, every batch left out in turn: the tables of docs/methods.md.

    python tests/benchmarks/methods.py --datasets scmix --cores 2

Runs `snakemake` in results/bench/methods/<dataset>, so that a second call computes only what changed, and writes
methods.tsv (scores of every run), transfer.tsv (scores of every classifier), mapping.tsv (cost of reference mapping)
and tables.md of all data sets that have results there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml
from quality import DATASETS, N_TOP_GENES, ROOT, markdown_table

from scbraid.data.h5ad import read_h5ad
from scbraid.files import read_json, read_table

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = ROOT / "results" / "bench" / "methods"
#: scvi-tools' own choice is 400; fewer keep the comparison affordable, parity.py compares full trainings
EPOCHS = {"max_epochs": 100}
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


def config(name: str, classifiers: list[str]) -> dict[str, Any]:
    """Config of the comparison: every cell is kept, quality control has its own tests."""
    keep_all = {"scrublet": False} | dict.fromkeys(
        ("mads_log_counts", "mads_log_genes", "mads_top_20", "mads_mitochondrial")
    )
    dataset = {
        "source": str(DATASETS[name]),
        "batch": "batch",
        "label": "cell_type",
        "transfer": {"query": "each_batch"},
        "qc": keep_all,
        "features": {"n_top_genes": min(N_TOP_GENES, read_h5ad(DATASETS[name]).n_vars)},
    }
    return {
        "datasets": {name: dataset},
        "methods": METHODS,
        "transfer": {"classifiers": classifiers},
        "accelerator": "cpu",
        "allow_failures": True,
    }


def gathered(output: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Scores of runs, scores of classifiers, and cost of mapping, from the results of the workflow."""
    summaries = sorted(output.glob("*/results/*/benchmark/summary.tsv"))
    runs = pd.concat([read_table(file, names=("method",)).assign(dataset=file.parts[-3]) for file in summaries])
    transfers, mappings = [], []
    for folder in (file.parents[1] for file in summaries):
        name, transfer = folder.name, folder / "transfer"
        for file in sorted(transfer.glob("*/*/seed-*/scores.tsv")):
            classifier, method, _ = file.parts[-4:-1]
            scores = read_table(file, names=("score", "label")).drop_duplicates("score").set_index("score")["value"]
            row = {"dataset": name, "classifier": classifier, "method": method}
            transfers.append(row | scores.reindex(TRANSFER_SCORES).to_dict())
        for file in sorted((transfer / "mapped").glob("*/seed-0/folds.json")):
            retrained = read_json(folder / "runs" / file.parts[-3] / "seed-0" / "run.json")["seconds"]
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
    parser.add_argument("--classifiers", nargs="+", default=["knn", "logistic", "head", "mapping"])
    parser.add_argument("--cores", default="2")
    options = parser.parse_args()
    for name in (name for name in options.datasets if DATASETS[name].is_file()):
        folder = OUTPUT / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text(yaml.safe_dump(config(name, options.classifiers), sort_keys=False))
        subprocess.run(workflow_command(folder, cores=options.cores), check=True, cwd=ROOT)
    found = gathered(OUTPUT)
    for name, table in zip(("methods", "transfer", "mapping"), found):
        table.to_csv(OUTPUT / f"{name}.tsv", sep="\t", index=False, float_format="%.4f")
    (OUTPUT / "tables.md").write_text(tables(*found))
    print(tables(*found))


def workflow_command(folder: Path, *targets: str, cores: str) -> list[str]:
    """Command that runs the workflow in a folder with a config.yaml."""
    command = [sys.executable, "-m", "snakemake", *targets, "--snakefile", str(ROOT / "Snakefile")]
    return [*command, "--directory", str(folder), "--configfile", str(folder / "config.yaml"), "--cores", cores]


if __name__ == "__main__":
    main()
