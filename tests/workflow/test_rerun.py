"""An edit of the config reruns what depends on it and nothing else: the table of config/README.md, row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from support import demo_config, dry_run, snakemake, write_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

AFTER_EMBEDDING = ("neighbors", "umap", "metrics")
CLASSIFIERS = 2
LAST = {"report": 1, "verdict": 1}
ENDS = {"benchmark": 1, "export": 1} | LAST
RUNS_CHANGED = {"outcomes": 1} | ENDS


def following(runs: int) -> dict[str, int]:
    """Rules that follow new embeddings, and how often each runs."""
    return dict.fromkeys(AFTER_EMBEDDING, runs) | {"transfer": CLASSIFIERS * runs} | RUNS_CHANGED


ALL_RUNS = {"integrate": 2, "train": 2} | following(4)


def edit(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    *parents, key = path.split("/")

    def apply(config: dict[str, Any]) -> None:
        for parent in parents:
            config = config.setdefault(parent, {})
        config[key] = value

    return apply


def both(first: Callable[[dict[str, Any]], None], second: Callable[[dict[str, Any]], None]) -> Callable:
    def apply(config: dict[str, Any]) -> None:
        first(config)
        second(config)

    return apply


def remove(path: str) -> Callable[[dict[str, Any]], None]:
    *parents, key = path.split("/")

    def apply(config: dict[str, Any]) -> None:
        for parent in parents:
            config = config[parent]
        del config[key]

    return apply


def reverse_methods(config: dict[str, Any]) -> None:
    config["methods"] = dict(reversed(config["methods"].items()))


def reverse_keys(config: dict[str, Any]) -> None:
    for section in (config, config["datasets"]["pbmc"]):
        for key in reversed(list(section)):
            section[key] = section.pop(key)


EDITS = {
    "nothing": (lambda config: None, {}),
    "order of keys": (reverse_keys, {}),
    "parameter of a CPU method": (edit("methods/harmony/theta", 3), {"integrate": 1} | following(1)),
    "parameter of a training method": (edit("methods/cvae/n_latent", 12), {"train": 1} | following(1)),
    "parameter set to its default": (edit("methods/harmony/theta", 2.0), {}),
    "seed added": (edit("seeds", [0, 1]), {"integrate": 1, "train": 2} | following(3)),
    "method added": (edit("methods/cvae_zinb", {"method": "cvae", "likelihood": "zinb"}), {"train": 1} | following(1)),
    "method removed": (remove("methods/harmony"), RUNS_CHANGED),
    "accelerator": (edit("accelerator", "cpu"), {"train": 2} | following(2)),
    "number of HVG": (edit("features/n_top_genes", 500), {"features": 1, "pca": 1} | ALL_RUNS),
    "QC bound": (edit("qc/min_genes", 20), {"qc": 1, "scored_cells": 1, "features": 1, "pca": 1} | ALL_RUNS),
    "PCA components": (
        edit("pca/n_comps", 20),
        {"pca": 1, "integrate": 2, "neighbors": 2, "umap": 2, "metrics": 4, "transfer": CLASSIFIERS * 2} | RUNS_CHANGED,
    ),
    "neighbours": (edit("neighbors/n_neighbors", 20), {"umap": 4, "metrics": 4} | ENDS),
    "UMAP": (edit("umap/min_dist", 0.1), {"umap": 4} | ENDS),
    "transfer query": (
        edit("datasets/pbmc/transfer/query", ["pbmc5k_v3"]),
        {"roles": 1, "transfer": CLASSIFIERS * 4, "export": 1} | LAST,
    ),
    "transfer query and a method's parameter at once": (
        both(edit("datasets/pbmc/transfer/query", ["pbmc5k_v3"]), edit("methods/harmony/theta", 3)),
        {"roles": 1, "integrate": 1} | following(1) | {"transfer": CLASSIFIERS * 4},
    ),
    "transfer removed": (remove("datasets/pbmc/transfer"), {"export": 1} | LAST),
    "classifier removed": (edit("transfer/classifiers", ["knn"]), {"export": 1} | LAST),
    "bound of what is unknown": (
        edit("transfer/unknown_above", 0.7),
        {"transfer": CLASSIFIERS * 4, "export": 1} | LAST,
    ),
    "failures allowed": (edit("allow_failures", True), {"verdict": 1}),
    "order of methods": (reverse_methods, ENDS),
    "transfer neighbours": (edit("transfer/n_neighbors", 5), {"transfer": CLASSIFIERS * 4, "export": 1} | LAST),
    "metrics": (edit("metrics/include", ["cell_cycle", "nmi", "ilisi"]), {"metrics": 4, "benchmark": 1} | LAST),
    "metrics without the cell cycle": (
        edit("metrics/include", ["nmi", "ilisi"]),
        {"scored_cells": 1, "metrics": 4, "benchmark": 1} | LAST,
    ),
    "intervals": (edit("metrics/bootstrap", 100), {"metrics": 4, "benchmark": 1} | LAST),
    "scored cells": (edit("metrics/max_cells", 500), {"scored_cells": 1, "metrics": 4, "benchmark": 1} | LAST),
    "pseudotime": (
        edit("datasets/pbmc/pseudotime", "time"),
        {"scored_cells": 1, "metrics": 4, "benchmark": 1} | LAST,
    ),
    "scaling of scores": (edit("metrics/scale_over_methods", True), {"benchmark": 1} | LAST),
    "place of counts": (
        edit("datasets/pbmc/counts", "X"),
        {"standardize": 1, "roles": 1, "qc": 1, "scored_cells": 1, "features": 1, "pca": 1} | ALL_RUNS,
    ),
}


# Typed as a user would, each with a start-up of its own, to show that the faster dry runs of the others say the same.
TYPED = ("nothing", "parameter of a training method", "transfer removed", "place of counts")


def planned(finished: CompletedProcess[str]) -> dict[str, int]:
    """How often each rule would run, read from a dry run."""
    assert finished.returncode == 0, finished.stdout
    statistics = re.search(r"Job stats:\njob\s+count\n-[-\s]+\n(.*?)\n\n", finished.stdout, re.DOTALL)
    if statistics is None:
        assert "Nothing to be done" in finished.stdout
        return {}
    counts = {line.split()[0]: int(line.split()[1]) for line in statistics[1].splitlines()}
    return {rule: count for rule, count in counts.items() if rule not in ("all", "total")}


def edited(name: str, folder: Path) -> tuple[Path, dict[str, int]]:
    """Write the shipped config with an edit, and say what should rerun."""
    change, expected = EDITS[name]
    config = demo_config()
    change(config)
    return write_config(config, folder / "edited.yaml"), {rule: count for rule, count in expected.items() if count}


def test_second_run_has_nothing_to_do(demo_run: Path) -> None:
    assert planned(snakemake(demo_run, "--dry-run")) == {}


@pytest.mark.parametrize("name", EDITS)
def test_edit_reruns_what_depends_on_it(name: str, demo_run: Path, tmp_path: Path) -> None:
    config, expected = edited(name, tmp_path)
    assert planned(dry_run(demo_run, "--configfile", str(config))) == expected


@pytest.mark.parametrize("name", TYPED)
def test_command_line_says_the_same(name: str, demo_run: Path, tmp_path: Path) -> None:
    config, expected = edited(name, tmp_path)
    assert planned(snakemake(demo_run, "--dry-run", "--configfile", str(config))) == expected
