"""What a stage refuses beyond the schema: names that are taken, and contradictions between keys.

Every check takes the whole config, in which defaults are filled in (but for parameters of methods) and every data set
has its own ``qc`` and ``features``. It reads keys of other stages too, and relies on the checks before it in the list.
"""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

from scbraid.config.schema import DATASET_SECTIONS, check, load_schema
from scbraid.config.text import check_path, check_source
from scbraid.errors import UserError, suggest
from scbraid.methods import own
from scbraid.methods.registry import METHODS, find, parameter_schema
from scbraid.metrics import DEFAULT_TOTAL, LABEL_FREE, METRICS
from scbraid.plan.paths import RESERVED_NAMES
from scbraid.transfer.tasks import applies

if TYPE_CHECKING:
    from collections.abc import Callable

    from scbraid.config.schema import Config

#: `export.integrated` stores layouts and further seeds under such names
RESERVED_RUN_NAME = re.compile(r"^umap_|_seed\d+$")
MINIMUM_BATCHES = 2
MINIMUM_COMPARED = 2


def check_data(config: Config) -> None:
    """Refuse data sets in the place of other results, sources that cannot be read, and a batch that stands alone."""
    for name, dataset in config["datasets"].items():
        where = f"config: datasets/{name}"
        if name in RESERVED_NAMES:
            raise UserError(f"{where}: this name is reserved, scbraid itself writes results/{name}")
        check_source(dataset["source"], f"{where}/source")
        if dataset["batches"] is not None and len(dataset["batches"]) < MINIMUM_BATCHES:
            raise UserError(f"{where}/batches names one batch only; integration needs at least two")
        _check_columns(dataset, where)


def check_preprocess(config: Config) -> None:
    """Refuse mistakes in a data set's own `qc` and `features`, and a limit of doublet scores without these."""
    for name, dataset in config["datasets"].items():
        where = f"config: datasets/{name}"
        for section in DATASET_SECTIONS:
            check(dataset[section], load_schema()["properties"][section], where=f"{where}/{section}")
        check_path(dataset["features"]["genes"], f"{where}/features/genes")
        if dataset["qc"]["max_doublet_score"] is not None and not dataset["qc"]["scrublet"]:
            raise UserError(f"config: qc/max_doublet_score of '{name}' needs doublet scores, but qc/scrublet is false")


def check_integrate(config: Config) -> None:
    """Refuse unknown or missing methods, wrong parameters, and methods that look at labels where there are none."""
    for run, entry in config["methods"].items():
        _check_run(run, entry)
    unlabelled = [name for name, dataset in config["datasets"].items() if dataset["label"] is None]
    for run, entry in config["methods"].items():
        if unlabelled and "labels" in find(entry["method"]).uses:
            raise UserError(
                f"config: methods/{run} looks at labels, but datasets/{unlabelled[0]}/label is null; name the "
                "column, or leave the method out"
            )


def check_transfer(config: Config) -> None:
    """Refuse label transfer without labels, without reference, or that no classifier can do."""
    for name, dataset in config["datasets"].items():
        if dataset["transfer"] is not None:
            _check_transfer(name, dataset)
    _check_classifiers(config)


def check_metrics(config: Config) -> None:
    """Refuse unknown metrics, what an engine cannot do, and a choice that leaves nothing to rank by."""
    for name, dataset in config["datasets"].items():
        if dataset["pseudotime"] is not None:
            _check_pseudotime(name, dataset)
    if config["metrics"]["engine"] == "scib":
        _check_scib(config["metrics"])
    if config["metrics"]["scale_over_methods"]:
        _check_scaling(config["methods"])
    if config["metrics"]["include"] is not None:
        _check_included(config)


def check_mapping(config: Config) -> None:
    """Refuse queries whose files cannot be read, or whose batch is the label."""
    for name, query in config["queries"].items():
        where = f"config: queries/{name}"
        check_source(query["source"], f"{where}/source")
        check_path(query["reference"], f"{where}/reference")
        _check_columns(query, where)


#: one a stage, in the order in which mistakes are answered
CHECKS: tuple[Callable[[Config], None], ...] = (
    check_data,
    check_preprocess,
    check_integrate,
    check_transfer,
    check_metrics,
    check_mapping,
)


def _check_run(run: str, entry: Config) -> None:
    where, method = f"config: methods/{run}", entry["method"]
    if RESERVED_RUN_NAME.search(run):
        raise UserError(f"{where}: names that begin with 'umap_' or end with '_seed<number>' are reserved")
    if not isinstance(method, str) or (method not in METHODS and not own.is_own(method)):
        hint = suggest(str(method), METHODS)
        if method == run and hint.startswith("valid"):
            hint += "; a run with another name needs the key 'method'"
        raise UserError(f"{where}: unknown method '{method}', {hint}")
    check_path(method, f"{where}/method")
    package = find(method).package
    if package and importlib.util.find_spec(package) is None:
        raise UserError(
            f"{where} needs the Python package {package}, which is not installed here (it takes a C++ compiler to "
            "install); see 'When something breaks' in the README, or leave the method out"
        )
    check(entry["parameters"], parameter_schema(method), where=where)


def _check_transfer(name: str, dataset: Config) -> None:
    if dataset["label"] is None:
        raise UserError(f"config: datasets/{name}/transfer needs labels, but datasets/{name}/label is null")
    query, reference = dataset["transfer"]["query"], dataset["transfer"]["reference"] or []
    query = [] if isinstance(query, str) else query
    both = sorted(set(query) & set(reference))
    if both:
        raise UserError(f"config: datasets/{name}/transfer: '{both[0]}' is both query and reference; name it once")
    if dataset["batches"] is None:
        return
    for batch in [*query, *reference]:
        if batch not in dataset["batches"]:
            raise UserError(
                f"config: datasets/{name}/transfer names '{batch}', which datasets/{name}/batches leaves out, "
                + suggest(batch, dataset["batches"])
            )
    if set(dataset["batches"]) <= set(query):
        raise UserError(f"config: datasets/{name}/transfer: every batch is a query; leave at least one as reference")


def _check_classifiers(config: Config) -> None:
    methods = [entry["method"] for entry in config["methods"].values()]
    if all(find(method).is_control for method in methods):
        return
    classifiers = config["transfer"]["classifiers"]
    if any(applies(classifier, method) for classifier in classifiers for method in methods):
        return
    for name, dataset in config["datasets"].items():
        if dataset["transfer"] is not None:
            raise UserError(
                f"config: datasets/{name}/transfer asks for labels, but none of transfer/classifiers "
                f"({', '.join(classifiers)}) applies to a method of this config"
            )


def _check_pseudotime(name: str, dataset: Config) -> None:
    where = f"config: datasets/{name}/pseudotime"
    if dataset["label"] is None:
        raise UserError(f"{where} needs labels, to find where it begins, but datasets/{name}/label is null")
    if dataset["pseudotime"] in (dataset["label"], *_columns(dataset["batch"])):
        raise UserError(f"{where} is '{dataset['pseudotime']}', the column of the batch or the label")


def _check_scib(metrics: Config) -> None:
    if metrics["bootstrap"]:
        raise UserError("config: metrics/bootstrap needs metrics/engine scbraid; the package scib has no intervals")
    if importlib.util.find_spec("scib") is None:
        raise UserError(
            "config: metrics/engine is scib, a Python package that is not installed here; scbraid is. "
            "docs/metrics.md says how to get it"
        )


def _check_scaling(methods: Config) -> None:
    compared = [run for run, entry in methods.items() if not find(entry["method"]).is_control]
    if methods and len(compared) < MINIMUM_COMPARED:
        raise UserError(
            f"config: metrics/scale_over_methods compares methods, and the config has {len(compared)} beside controls"
        )


def _check_included(config: Config) -> None:
    include, engine = config["metrics"]["include"], config["metrics"]["engine"]
    for metric in include:
        if metric not in METRICS:
            raise UserError(f"config: metrics/include: unknown metric '{metric}', {suggest(metric, METRICS)}")
    for name, dataset in config["datasets"].items():
        usual = DEFAULT_TOTAL if dataset["label"] else LABEL_FREE
        ranking = [metric for metric in usual if METRICS[metric].is_in(engine)]
        if not set(include) & set(ranking):
            raise UserError(
                f"config: metrics/include leaves nothing to rank the runs of datasets/{name} by; name at least one of "
                + ", ".join(ranking)
            )


def _check_columns(entry: Config, where: str) -> None:
    if entry["label"] in _columns(entry["batch"]):
        raise UserError(f"{where}: batch and label are the same column; without labels set label: null")


def _columns(batch: str | list[str] | None) -> list[str]:
    """One column, several or none, as a list."""
    return [batch] if isinstance(batch, str) else batch or []
