"""Paths stand literally in the rules and as functions in scbraid.plan.paths: both are the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from scbraid.plan import inputs, paths
from scbraid.runs.artifacts import ARTIFACTS
from support import ROOT
from workflow.loading import loaded_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snakemake.rules import Rule

RUN = ("{dataset}", "{method}", "{seed}")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rule]]:
    config = ROOT / "config" / "examples" / "all_methods.yaml"
    with loaded_rules(config, tmp_path_factory.mktemp("nothing")) as found:
        yield found


def patterns(rule: Rule) -> set[str]:
    """Outputs of a rule, without the constraints that Snakemake writes into their wildcards."""
    return {re.sub(r"\{(\w+)[^{}]*\}", r"{\1}", str(path)) for path in rule.output}


@pytest.fixture(scope="module")
def written(rules: dict[str, Rule]) -> set[str]:
    return set().union(*map(patterns, rules.values()))


@pytest.mark.parametrize("name", ARTIFACTS)
def test_what_a_run_can_write_is_an_output_of_a_rule(name: str, written: set[str]) -> None:
    assert paths.of_run(*RUN, ARTIFACTS[name].file) in written


@pytest.mark.parametrize("place", [paths.FOLDS, paths.MAPPED])
def test_trainings_of_the_label_transfer_are_outputs(place: str, written: set[str]) -> None:
    files = (ARTIFACTS["embedding"].file, ARTIFACTS["probabilities"].file, "folds.json")
    assert {paths.of_run(*RUN, file, trained_in=place) for file in files} <= written


def test_what_the_report_shows_is_written(written: set[str]) -> None:
    expected = {paths.of_dataset("{dataset}", file) for file in inputs.SHOWN_OF_DATASET}
    expected |= {paths.of_run(*RUN, file) for file in ("run.json", "umap.parquet", "metrics.tsv")}
    transfer = ("{dataset}", "{classifier}", "{method}", "{seed}")
    expected |= {paths.of_transfer(*transfer, file) for file in inputs.SHOWN_OF_TRANSFER}
    assert expected <= written


def test_all_results_lie_in_one_folder_and_no_dataset_may_take_a_name_in_it(written: set[str]) -> None:
    assert {path.split("/")[0] for path in written} == {paths.RESULTS}
    beside = {path.split("/")[1] for path in written} - {"{dataset}"}
    assert beside <= set(paths.RESERVED_NAMES)


def test_mapped_cells(written: set[str]) -> None:
    files = ("mapped.h5ad", "report.html")
    assert {paths.of_query("{query}", file) for file in files} <= written


def test_rules_of_runs_differ_in_what_they_write_alone(rules: dict[str, Rule]) -> None:
    train, with_labels = rules["train"], rules["train_probabilities"]
    assert patterns(with_labels) - patterns(train) == {paths.of_run(*RUN, "probabilities.parquet")}
    assert patterns(rules["integrate_neighbors"]) - patterns(rules["integrate"]) == {
        paths.of_run(*RUN, "neighbors.npz")
    }
    assert set(train.resources) == set(with_labels.resources)
