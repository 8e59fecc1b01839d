import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "workflow")))

from scbraid.config import resolve
from scbraid.download import is_url
from scbraid.errors import UserError
from scbraid.methods import METHODS

try:
    config = resolve(config)
except UserError as mistake:
    sys.exit(f"scbraid: {mistake}")

SOFTWARE = "../../envs/scbraid.yaml"
DATASETS = list(config["datasets"])
RUN_NAMES = list(config["methods"])


def one_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"


def method_of(run):
    return METHODS[config["methods"][run]["method"]]


def training_runs():
    return [run for run in RUN_NAMES if method_of(run).trains]


def untrained_runs():
    return [run for run in RUN_NAMES if not method_of(run).trains]


wildcard_constraints:
    dataset=one_of(DATASETS),
    method=one_of(RUN_NAMES),
    seed=r"\d+",


def runs():
    """Name and seed of every run; deterministic methods have the seed 0 only."""
    return [
        (run, seed)
        for run in RUN_NAMES
        for seed in (config["seeds"] if method_of(run).stochastic else [0])
    ]


def of_runs(pattern):
    """An input function: `pattern` for every run of the rule's dataset."""

    def paths(wildcards):
        return [
            pattern.format(dataset=wildcards.dataset, method=run, seed=seed)
            for run, seed in runs()
        ]

    return paths


def has_transfer(dataset):
    return config["datasets"][dataset]["transfer"] is not None


def of_transfers(pattern):
    """An input function: `pattern` for every run of the rule's dataset, if it transfers labels."""
    paths = of_runs(pattern)

    def paths_if_any(wildcards):
        return paths(wildcards) if has_transfer(wildcards.dataset) else []

    return paths_if_any


def gene_list_if_any(wildcards):
    """A user's gene list as an input file, so that a changed list reruns."""
    genes = lookup("datasets/{dataset}/features/genes", within=config)(wildcards)
    return genes if genes and Path(genes).exists() else []


def local_source(wildcards):
    """The source as an input file, so that a changed file reruns; a URL is not a file."""
    source = lookup("datasets/{dataset}/source", within=config)(wildcards)
    path = Path(source).expanduser()
    return [] if is_url(source) or not path.exists() else str(path)


def pca_if_needed(wildcards):
    needed = method_of(wildcards.method).needs_pca
    return f"results/{wildcards.dataset}/pca/embedding.parquet" if needed else []


def integrated_files():
    return [f"results/{dataset}/integrated.h5ad" for dataset in DATASETS]


def for_report(wildcards):
    """Every file that the report shows, of all datasets."""
    of_dataset = [
        "source.json",
        "qc/cells.tsv.gz",
        "qc/summary.tsv",
        "qc/scatter.svg",
        "features/genes.tsv",
        "features/hvg.h5ad",
        "benchmark/summary.tsv",
        "benchmark/umap.svg",
    ]
    files = expand("results/{dataset}/{file}", dataset=DATASETS, file=of_dataset)
    for dataset in DATASETS:
        for run, seed in runs():
            of_run = ["run.json", "umap.parquet"]
            if method_of(run).trains:
                of_run.append("history.tsv")
            files += expand(
                f"results/{dataset}/runs/{run}/seed-{seed}/{{file}}", file=of_run
            )
            if has_transfer(dataset):
                transfer = f"results/{dataset}/transfer/knn/{run}/seed-{seed}/{{file}}"
                files += expand(transfer, file=["predictions.parquet", "scores.tsv"])
    return files


def source_memory(wildcards, attempt):
    """Megabytes to read a source: as for other steps where its size is known, 16 GB for a URL."""
    source = local_source(wildcards)
    if not source:
        return attempt * 16_000
    return int(attempt * (1500 + 12 * Path(source).stat().st_size / 2**20))


def data_memory(wildcards, input, attempt):
    """Megabytes for a step that holds the data in memory: 1.5 GB and 12 times the compressed input."""
    return int(attempt * (1500 + 12 * input.size_mb))
