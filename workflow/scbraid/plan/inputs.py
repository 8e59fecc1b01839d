"""What a job reads that depends on the config: functions of a resolved config and the names in the job's wildcards.

A file that is not needed is an empty list, as Snakemake takes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scbraid.data.covariates import covariates_of
from scbraid.data.download import is_url
from scbraid.errors import UserError
from scbraid.methods import own
from scbraid.metrics import METRICS
from scbraid.plan.paths import RESULTS, RUNS, of_dataset, of_query, of_run, of_transfer
from scbraid.plan.references import why_no_reference
from scbraid.plan.runs import mapping_names, method_of, records, runs, trained_in, transfers
from scbraid.runs.artifacts import ARTIFACTS, RECORD, RECORD_OF_FOLDS

if TYPE_CHECKING:
    from scbraid.config.schema import Config

#: what the report shows of every data set, of its runs, and of its label transfers
SHOWN_OF_DATASET = (
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
)
SHOWN_OF_TRANSFER = ("predictions.parquet", "scores.tsv")


def local_file(source: str) -> str | list[str]:
    """Name a source that is a file here, so that a changed file reruns; a URL is no file."""
    path = Path(source).expanduser()
    return [] if is_url(source) or not path.exists() else str(path)


def source(config: Config, *, dataset: str, **_: Any) -> str | list[str]:
    """Name the source of a data set."""
    return local_file(config["datasets"][dataset]["source"])


def gene_list(config: Config, *, dataset: str, **_: Any) -> str | list[str]:
    """Name a user's gene list, so that a changed list reruns."""
    genes = config["datasets"][dataset]["features"]["genes"]
    return genes if genes and Path(genes).exists() else []


def method_source(config: Config, *, method: str, **_: Any) -> str | list[str]:
    """Name the file of a user's own method, so that an edit of it reruns."""
    file = own.source_file(config["methods"][method]["method"])
    return str(file) if file else []


def pca(config: Config, *, dataset: str, method: str, **_: Any) -> str | list[str]:
    """Name the unintegrated PCA for methods that take it."""
    return of_dataset(dataset, "pca/embedding.parquet") if "pca" in method_of(config, method).uses else []


def roles(config: Config, *, dataset: str, method: str, **_: Any) -> str | list[str]:
    """Name the roles of cells where labels of held-out cells must be hidden from a method that looks at labels."""
    facts = method_of(config, method)
    hides = config["datasets"][dataset]["transfer"] is not None and "labels" in facts.uses and not facts.is_control
    return of_dataset(dataset, "transfer/cells.parquet") if hides else []


def predicting(config: Config, *, dataset: str, classifier: str, method: str, seed: str, **_: Any) -> dict[str, str]:
    """Name the files that a classifier predicts from."""
    needed = ["embedding"]
    if classifier in ("head", "mapping"):
        needed.append("probabilities")
    if "neighbors" in method_of(config, method).gives:
        needed.append("neighbors")
    place = trained_in(config, dataset, classifier, method)
    return {name: of_run(dataset, method, seed, ARTIFACTS[name].file, trained_in=place) for name in needed}


def is_wanted(config: Config, metric: str) -> bool:
    """Tell whether a metric is computed where it applies."""
    chosen, engine = config["metrics"]["include"], config["metrics"]["engine"]
    return (chosen is None or metric in chosen) and METRICS[metric].is_in(engine)


def expression(config: Config, *, dataset: str, method: str, seed: str, **_: Any) -> list[str]:
    """Name the expression before and after, for methods that correct it."""
    if not (is_wanted(config, "hvg_overlap") and "corrected" in method_of(config, method).gives):
        return []
    corrected = of_run(dataset, method, seed, ARTIFACTS["corrected"].file)
    return [of_dataset(dataset, "features/hvg.h5ad"), corrected]


def recorded(config: Config) -> list[str]:
    """Name the record of every training, those for the label transfer alone too."""
    return sorted(
        of_run(dataset, run.name, run.seed, RECORD if place == RUNS else RECORD_OF_FOLDS, trained_in=place)
        for dataset, place, run in records(config)
    )


def of_runs(config: Config, *, pattern: str, dataset: str, **_: Any) -> list[str]:
    """Fill a pattern of a path for every run of a data set."""
    return [pattern.format(dataset=dataset, method=run.name, seed=run.seed) for run in runs(config)]


def of_transfers(config: Config, *, pattern: str, dataset: str, **_: Any) -> list[str]:
    """Fill a pattern of a path for every label transfer of a data set."""
    return [
        pattern.format(dataset=dataset, classifier=classifier, method=run_name, seed=seed)
        for classifier, run_name, seed in transfers(config, dataset)
    ]


def checked_covariates(config: Config) -> list[str]:
    """Name the checks of covariates, where a method takes any."""
    return [of_dataset(dataset, "covariates.tsv") for dataset in config["datasets"] if covariates_of(config["methods"])]


def shown(config: Config) -> list[str]:
    """Name every file that the report shows."""
    files = [of_dataset(dataset, file) for dataset in config["datasets"] for file in SHOWN_OF_DATASET]
    files += recorded(config)
    for dataset in config["datasets"]:
        for run in runs(config):
            files.append(of_run(dataset, run.name, run.seed, "umap.parquet"))
            if "history" in method_of(config, run.name).gives:
                files.append(of_run(dataset, run.name, run.seed, ARTIFACTS["history"].file))
        for transfer in transfers(config, dataset):
            files += [of_transfer(dataset, *transfer, file) for file in SHOWN_OF_TRANSFER]
    return files


def query_source(config: Config, *, query: str, **_: Any) -> str | list[str]:
    """Name the source of cells that are mapped."""
    return local_file(config["queries"][query]["source"])


def reference(config: Config, *, query: str, **_: Any) -> str:
    """Name the reference that cells are mapped onto; where a run of this config writes it, that run comes first.

    Raises
    ------
    UserError
        It is not there, and no run of this config will write it.
    """
    folder = config["queries"][query]["reference"]
    mistake = why_no_reference(folder, datasets=config["datasets"], run_names=mapping_names(config))
    if mistake:
        raise UserError(f"config: queries/{query}/reference: {mistake}")
    return folder


def mapped(config: Config) -> list[str]:
    """Name what `map_query` makes.

    Raises
    ------
    UserError
        The config has nothing to map.
    """
    if not config["queries"]:
        raise UserError(
            "map_query has nothing to map: name cells and a reference under `queries` in the config (docs/mapping.md)"
        )
    return [of_query(query, file) for query in config["queries"] for file in ("mapped.h5ad", "report.html")]


def everything(config: Config) -> str:
    """Name what plain `snakemake` makes in the end.

    Raises
    ------
    UserError
        The config has queries alone.
    """
    if not config["datasets"]:
        raise UserError("the config has queries but no datasets; `snakemake map_query` maps the queries")
    return f"{RESULTS}/verdict.txt"
