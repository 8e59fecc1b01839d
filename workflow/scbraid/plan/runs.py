"""Which runs and label transfers a config asks for, and which kinds of rules make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from scbraid.methods.registry import METHODS, PLAIN, TRAINED, find, maps
from scbraid.methods.spec import Run
from scbraid.plan.paths import FOLDS, MAPPED, RUNS, of_run
from scbraid.runs.artifacts import ARTIFACTS, RECORD
from scbraid.transfer.tasks import EACH_BATCH, applies

if TYPE_CHECKING:
    from scbraid.config.schema import Config
    from scbraid.methods.spec import Method


class Transfer(NamedTuple):
    """Label transfer by a classifier with a run."""

    classifier: str
    run_name: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Runs whose methods write the same files, which is what a rule must know.

    Attributes
    ----------
    rule
        Name of the rule: ``integrate`` or ``train``, and what its runs write beside the usual.
    run_names
        Names of these runs in the config; none for methods that it does not use.
    outputs
        Files in the folder of a run by the names of :data:`~scbraid.runs.artifacts.ARTIFACTS`.
    """

    rule: str
    run_names: tuple[str, ...]
    outputs: dict[str, str]

    @property
    def paths(self) -> dict[str, str]:
        """Patterns of the paths of these files, and of the record that every run leaves as ``facts``."""
        return {
            name: of_run("{dataset}", "{method}", "{seed}", file)
            for name, file in (self.outputs | {"facts": RECORD}).items()
        }

    @property
    def folders(self) -> set[str]:
        """Names of those outputs that are folders."""
        return {name for name in self.outputs if ARTIFACTS[name].is_folder}


def method_of(config: Config, run_name: str) -> Method:
    """Look up the method of a run."""
    return find(config["methods"][run_name]["method"])


def runs(config: Config) -> list[Run]:
    """List every run in the order of the config; a method that does not depend on the seed runs once, with seed 0."""
    return [
        Run(name=name, seed=seed, **entry)
        for name, entry in config["methods"].items()
        for seed in (config["seeds"] if find(entry["method"]).stochastic else [0])
    ]


def embedding_names(config: Config) -> list[str]:
    """List the names of runs that have an embedding, whose neighbours can be searched."""
    return [name for name in config["methods"] if "embedding" in method_of(config, name).gives]


def learning_names(config: Config) -> list[str]:
    """List the names of runs that learn from labels, controls left out: they transfer nothing."""
    methods = {name: method_of(config, name) for name in config["methods"]}
    return [name for name, method in methods.items() if "labels" in method.uses and not method.is_control]


def mapping_names(config: Config) -> list[str]:
    """List the names of runs whose method maps new cells onto its model."""
    return [name for name, entry in config["methods"].items() if maps(entry["method"])]


def kinds(config: Config, *, trains: bool) -> list[Kind]:
    """Sort the runs by what their methods write.

    Parameters
    ----------
    config
        From :func:`scbraid.config.resolve.resolve`.
    trains
        Whether to list those that train a model, or the others.
    """
    usual = TRAINED if trains else PLAIN
    # Rules of the registry's methods exist in every workflow, as cluster profiles name them.
    named = {method.writes for method in METHODS.values() if method.trains == trains}
    by_outputs: dict[frozenset[str], list[str]] = {outputs: [] for outputs in [usual, *sorted(named, key=sorted)]}
    for name in config["methods"]:
        method = method_of(config, name)
        if method.trains == trains:
            by_outputs.setdefault(method.writes, []).append(name)
    return [
        Kind(
            rule="_".join(["train" if trains else "integrate", *sorted(outputs - usual)]),
            run_names=tuple(names),
            outputs={name: artifact.file for name, artifact in ARTIFACTS.items() if name in outputs},
        )
        for outputs, names in by_outputs.items()
    ]


def transfers(config: Config, dataset: str) -> list[Transfer]:
    """List the label transfers of a data set: by classifier in the order of the config, then by run."""
    if config["datasets"][dataset]["transfer"] is None:
        return []
    return [
        Transfer(classifier, run.name, run.seed)
        for classifier in config["transfer"]["classifiers"]
        for run in runs(config)
        if applies(classifier, run.method)
    ]


def trained_in(config: Config, dataset: str, classifier: str, run_name: str) -> str:
    """Tell which training a classifier predicts from: ``RUNS``, ``FOLDS`` or ``MAPPED`` of :mod:`scbraid.plan.paths`.

    Where every batch is held out once, one training cannot hide the labels of them all.
    """
    if classifier == "mapping":
        return MAPPED
    in_turn = config["datasets"][dataset]["transfer"]["query"] == EACH_BATCH
    return FOLDS if in_turn and "labels" in method_of(config, run_name).uses else RUNS


def records(config: Config) -> list[tuple[str, str, Run]]:
    """List every training: data set, where it was trained, run. Each leaves a record of what came of it."""
    found = [(dataset, RUNS, run) for dataset in config["datasets"] for run in runs(config)]
    by_name = {(run.name, run.seed): run for run in runs(config)}
    for dataset in config["datasets"]:
        apart = {
            (trained_in(config, dataset, classifier, name), name, seed)
            for classifier, name, seed in transfers(config, dataset)
        }
        found += [(dataset, place, by_name[name, seed]) for place, name, seed in sorted(apart) if place != RUNS]
    return found
