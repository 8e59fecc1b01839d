import os
import re
import sys
from pathlib import Path

from scbraid.config.resolve import resolve
from scbraid.data.covariates import covariates_of
from scbraid.data.download import is_url
from scbraid.errors import UserError
from scbraid.methods.registry import find
from scbraid.methods import own
from scbraid.metrics import METRICS
from scbraid.plan.references import why_no_reference
from scbraid.transfer.tasks import EACH_BATCH, applies

try:
    config = resolve(config)
except UserError as mistake:
    sys.exit(f"scbraid: {mistake}")

# Jobs on this machine end with this process (workflow/scripts/adapter.py).
os.environ.update(SCBRAID_SNAKEMAKE=str(os.getpid()))

SOFTWARE = "../../envs/scbraid.yaml"
# Apart from the rest, so that an edit of them reruns neither the report nor anything else of the data sets.
QUERIES = config.pop("queries")
ALLOW_FAILURES = config.pop("allow_failures")
DATASETS = list(config["datasets"])
RUN_NAMES = list(config["methods"])
# Of a rule that trains. On the CPU trainings run side by side, one thread each, which takes less time in all.
GPUS, TRAINING_THREADS = (0, 1) if config["accelerator"] == "cpu" else (1, 2)
# Of a method that is killed. A job of a cluster runs Snakemake in it, which must not try again with the same memory.
RETRIES = 1 if workflow.is_main_process else 0


def one_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"


def method_of(run):
    return find(config["methods"][run]["method"])


def runs_where(**facts):
    """Names of the runs whose method has these facts, such as ``trains=True``."""
    return [
        run
        for run in RUN_NAMES
        if all(getattr(method_of(run), name) == value for name, value in facts.items())
    ]


wildcard_constraints:
    dataset=one_of(DATASETS),
    method=one_of(RUN_NAMES),
    seed=r"\d+",
    classifier="knn|logistic|head|mapping",
    query=one_of(QUERIES),


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


def dataset_setting(key):
    """A params function: the value of `key` in the config of the rule's dataset."""

    def value(wildcards):
        return config["datasets"][wildcards.dataset][key]

    return value


def method_and_parameters(wildcards):
    """The config of the rule's run; `lookup` takes too long where there are thousands of runs."""
    return config["methods"][wildcards.method]


def has_transfer(dataset):
    return config["datasets"][dataset]["transfer"] is not None


def transfers_of(wildcards):
    """Classifier, run name and seed of every transfer of the rule's dataset."""
    return transfers(wildcards.dataset)


def transfers(dataset):
    """Classifier, run name and seed of every transfer of a dataset."""
    return [
        (classifier, run, seed)
        for classifier in config["transfer"]["classifiers"]
        for run, seed in runs()
        if has_transfer(dataset) and applies(classifier, method_of(run))
    ]


def of_transfers(file):
    """An input function: `file` of every transfer of the rule's dataset."""

    def paths(wildcards):
        return [
            f"results/{wildcards.dataset}/transfer/{classifier}/{run}/seed-{seed}/{file}"
            for classifier, run, seed in transfers(wildcards.dataset)
        ]

    return paths


def training_folder(classifier, run, dataset):
    """Folder of the training that a classifier predicts from.

    Where every batch is a query once, one training cannot hide the labels of them all.
    """
    if classifier == "mapping":
        return "transfer/mapped"
    in_turn = config["datasets"][dataset]["transfer"]["query"] == EACH_BATCH
    return "transfer/folds" if in_turn and method_of(run).needs_labels else "runs"


def what_predicts(wildcards):
    """The files that a classifier predicts from, by name."""
    files = {"embedding": "embedding.parquet"}
    if wildcards.classifier in ("head", "mapping"):
        files["probabilities"] = "probabilities.parquet"
    if method_of(wildcards.method).is_graph:
        files["neighbors"] = "neighbors.npz"
    folder = training_folder(wildcards.classifier, wildcards.method, wildcards.dataset)
    run = (
        f"results/{wildcards.dataset}/{folder}/{wildcards.method}/seed-{wildcards.seed}"
    )
    return {name: f"{run}/{file}" for name, file in files.items()}


def gpus_if_trained(wildcards):
    return GPUS if method_of(wildcards.method).trains else 0


def cells_if_needed(wildcards):
    """The roles of cells, where labels of the query must be hidden from a method that looks at them."""
    method = method_of(wildcards.method)
    hides = (
        has_transfer(wildcards.dataset)
        and method.needs_labels
        and not method.is_control
    )
    return f"results/{wildcards.dataset}/transfer/cells.parquet" if hides else []


def method_source_if_any(wildcards):
    """The file of a user's own method as an input, so that an edit of it reruns."""
    source = own.source_file(method_and_parameters(wildcards)["method"])
    return str(source) if source else []


def is_wanted(metric):
    """Whether a metric is computed where it applies."""
    chosen, engine = config["metrics"]["include"], config["metrics"]["engine"]
    return (chosen is None or metric in chosen) and (
        engine == "scbraid" or METRICS[metric].in_scib
    )


def expression_if_corrected(wildcards):
    """Expression before and after, for methods that correct it."""
    if not (is_wanted("hvg_overlap") and method_of(wildcards.method).corrects):
        return []
    return [
        f"results/{wildcards.dataset}/features/hvg.h5ad",
        f"results/{wildcards.dataset}/runs/{wildcards.method}/seed-{wildcards.seed}/corrected.h5ad",
    ]


def gene_list_if_any(wildcards):
    """A user's gene list as an input file, so that a changed list reruns."""
    genes = dataset_setting("features")(wildcards)["genes"]
    return genes if genes and Path(genes).exists() else []


def local_file(source):
    """A source as an input file, so that a changed file reruns; a URL is not a file."""
    path = Path(source).expanduser()
    return [] if is_url(source) or not path.exists() else str(path)


def local_source(wildcards):
    return local_file(dataset_setting("source")(wildcards))


def query_source(wildcards):
    return local_file(QUERIES[wildcards.query]["source"])


def reference_of(wildcards):
    """The reference of a query; where a run of this config writes it, that run comes first."""
    folder = QUERIES[wildcards.query]["reference"]
    mistake = why_no_reference(
        folder, datasets=DATASETS, runs=runs_where(maps=True, trains=True)
    )
    if mistake:
        sys.exit(f"scbraid: config: queries/{wildcards.query}/reference: {mistake}")
    return folder


def mapped_queries(wildcards):
    if not QUERIES:
        sys.exit(
            "scbraid: map_query has nothing to map: name cells and a reference under `queries` in the config "
            "(docs/mapping.md)"
        )
    return expand(
        "results/queries/{query}/{file}",
        query=QUERIES,
        file=["mapped.h5ad", "report.html"],
    )


def everything(wildcards):
    """What plain `snakemake` makes."""
    if not DATASETS:
        sys.exit(
            "scbraid: the config has queries but no datasets; `snakemake map_query` maps the queries"
        )
    return "results/verdict.txt"


def pca_if_needed(wildcards):
    needed = method_of(wildcards.method).needs_pca
    return f"results/{wildcards.dataset}/pca/embedding.parquet" if needed else []


def records():
    """The records of all runs, and of trainings for the label transfer."""
    files = [
        f"results/{dataset}/runs/{run}/seed-{seed}/run.json"
        for dataset in DATASETS
        for run, seed in runs()
    ]
    for dataset in DATASETS:
        for classifier, run, seed in transfers(dataset):
            folder = training_folder(classifier, run, dataset)
            if folder != "runs":
                files.append(f"results/{dataset}/{folder}/{run}/seed-{seed}/folds.json")
    return sorted(set(files))


def checked_covariates():
    named = covariates_of(config["methods"])
    return [f"results/{dataset}/covariates.tsv" for dataset in DATASETS if named]


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
        "benchmark/metrics.tsv",
        "benchmark/cells.tsv.gz",
        "benchmark/umap.svg",
    ]
    files = expand("results/{dataset}/{file}", dataset=DATASETS, file=of_dataset)
    files += records()
    for dataset in DATASETS:
        for run, seed in runs():
            folder = f"results/{dataset}/runs/{run}/seed-{seed}"
            files.append(f"{folder}/umap.parquet")
            if method_of(run).trains:
                files.append(f"{folder}/history.tsv")
        for classifier, run, seed in transfers(dataset):
            transfer = f"results/{dataset}/transfer/{classifier}/{run}/seed-{seed}"
            files += [f"{transfer}/predictions.parquet", f"{transfer}/scores.tsv"]
    return files


def memory(least, *, per_input):
    """Megabytes of memory: `least`, and more for every megabyte of the compressed inputs."""

    def mem_mb(wildcards, input, attempt):
        return int(attempt * (least + per_input * input.size_mb))

    return mem_mb


# For steps that hold the highly variable genes of all cells; others say what they need.
data_memory = memory(1500, per_input=12)


def source_memory(wildcards, attempt):
    """Megabytes to read a source in portions, or whole where it is compressed by columns; a URL counts as a gigabyte.

    Enough for quality control too: what that needs is not known yet where both are steps of one job.
    """
    return int(attempt * (4000 + 4 * 2**10 * source_gigabytes(wildcards)))


def source_gigabytes(wildcards):
    """Compressed size of the source of a data set or query; 1 for a URL, whose size is not known before it is fetched."""
    source = (query_source if "query" in wildcards.keys() else local_source)(wildcards)
    return Path(source).stat().st_size / 2**30 if source else 1


def minutes(least, *, per_gb):
    """A runtime: least minutes, and more for every gigabyte of the source; twice as many in the second attempt."""

    def runtime(wildcards, attempt):
        return int(attempt * (least + per_gb * source_gigabytes(wildcards)))

    return runtime
