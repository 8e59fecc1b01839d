"""Contradictions between keys of a config, which no schema can tell."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from scbraid.errors import UserError, suggest
from scbraid.methods.registry import find
from scbraid.metrics import DEFAULT_TOTAL, LABEL_FREE, METRICS
from scbraid.transfer.tasks import applies

if TYPE_CHECKING:
    from scbraid.config.schema import Config

MINIMUM_BATCHES = 2


MINIMUM_COMPARED = 2


def check_classifiers(resolved: Config) -> None:
    """Refuse label transfer that no classifier can do."""
    methods = [find(entry["method"]) for entry in resolved["methods"].values()]
    if all(method.is_control for method in methods):
        return
    classifiers = resolved["transfer"]["classifiers"]
    if any(applies(classifier, method) for classifier in classifiers for method in methods):
        return
    for name, dataset in resolved["datasets"].items():
        if dataset["transfer"] is not None:
            raise UserError(
                f"config: datasets/{name}/transfer asks for labels, but none of transfer/classifiers "
                f"({', '.join(classifiers)}) applies to a method of this config"
            )


def check_labels(resolved: Config) -> None:
    """Refuse methods that look at labels where there are none."""
    unlabelled = [name for name, dataset in resolved["datasets"].items() if dataset["label"] is None]
    for run, entry in resolved["methods"].items():
        if unlabelled and find(entry["method"]).needs_labels:
            raise UserError(
                f"config: methods/{run} looks at labels, but datasets/{unlabelled[0]}/label is null; name the "
                "column, or leave the method out"
            )


def check_metrics(resolved: Config) -> None:
    """Refuse unknown metrics, and a choice that leaves nothing to rank by."""
    include, engine = resolved["metrics"]["include"], resolved["metrics"]["engine"]
    if engine == "scib":
        _check_scib(resolved["metrics"])
    if resolved["metrics"]["scale_over_methods"]:
        _check_scaling(resolved["methods"])
    if include is None:
        return
    for metric in include:
        if metric not in METRICS:
            raise UserError(f"config: metrics/include: unknown metric '{metric}', {suggest(metric, METRICS)}")
    for name, dataset in resolved["datasets"].items():
        ranking = DEFAULT_TOTAL if dataset["label"] else LABEL_FREE
        ranking = [metric for metric in ranking if engine == "scbraid" or METRICS[metric].scib]
        if not set(include) & set(ranking):
            raise UserError(
                f"config: metrics/include leaves nothing to rank the runs of datasets/{name} by; name at least one of "
                + ", ".join(ranking)
            )


def _check_scib(metrics: Config) -> None:
    if metrics["bootstrap"]:
        raise UserError("config: metrics/bootstrap needs metrics/engine scbraid; the package scib has no intervals")
    if importlib.util.find_spec("scib") is None:
        raise UserError("config: metrics/engine is scib, a Python package that is not installed here; scbraid is")


def _check_scaling(methods: Config) -> None:
    compared = [run for run, entry in methods.items() if not find(entry["method"]).is_control]
    if methods and len(compared) < MINIMUM_COMPARED:
        raise UserError(
            f"config: metrics/scale_over_methods compares methods, and the config has {len(compared)} beside controls"
        )


def check_pseudotime(name: str, dataset: Config) -> None:
    """Refuse a pseudotime without labels, or one that is the batch or the label."""
    where = f"config: datasets/{name}/pseudotime"
    if dataset["label"] is None:
        raise UserError(f"{where} needs labels, to find where it begins, but datasets/{name}/label is null")
    if dataset["pseudotime"] in (dataset["label"], *as_list(dataset["batch"])):
        raise UserError(f"{where} is '{dataset['pseudotime']}', the column of the batch or the label")


def check_transfer(name: str, dataset: Config, transfer: Config) -> None:
    """Refuse a label transfer without labels or without reference."""
    if dataset["label"] is None:
        raise UserError(f"config: datasets/{name}/transfer needs labels, but datasets/{name}/label is null")
    query = [] if isinstance(transfer["query"], str) else transfer["query"]
    both = sorted(set(query) & set(transfer["reference"] or ()))
    if both:
        raise UserError(f"config: datasets/{name}/transfer: '{both[0]}' is both query and reference; name it once")
    if dataset["batches"] is None:
        return
    for batch in [*query, *(transfer["reference"] or ())]:
        if batch not in dataset["batches"]:
            raise UserError(
                f"config: datasets/{name}/transfer names '{batch}', which datasets/{name}/batches leaves out, "
                + suggest(batch, dataset["batches"])
            )
    if set(dataset["batches"]) <= set(query):
        raise UserError(f"config: datasets/{name}/transfer: every batch is a query; leave at least one as reference")


def as_list(columns: str | list[str]) -> list[str]:
    """One name or several, as a list."""
    return [columns] if isinstance(columns, str) else columns


def check_package(name: str, package: str | None) -> None:
    """Refuse a method whose package is not installed."""
    if package and importlib.util.find_spec(package) is None:
        raise UserError(
            f"config: methods/{name} needs the Python package {package}, which is not installed here (it takes a C++ "
            "compiler to install); see 'When something breaks' in the README, or leave the method out"
        )
