# Glue between the rules and scbraid.plan, which knows what a config asks for; nothing is decided here.
import os
import re
import sys
from functools import partial
from pathlib import Path

from scbraid.config.resolve import resolve
from scbraid.errors import UserError
from scbraid.plan import inputs
from scbraid.plan import runs as plan
from scbraid.plan.resources import by_source, memory

try:
    config = resolve(config)
except UserError as mistake:
    sys.exit(f"scbraid: {mistake}")

# Jobs on this machine end with this process (workflow/scripts/adapter.py).
os.environ.update(SCBRAID_SNAKEMAKE=str(os.getpid()))

SOFTWARE = "../../envs/scbraid.yaml"
NAMES_AND_SEEDS = [(run.name, run.seed) for run in plan.runs(config)]
# An edit of the other keys reruns neither the report nor anything else of the data sets.
SHOWN_CONFIG = {
    key: value
    for key, value in config.items()
    if key not in ("queries", "allow_failures")
}
# Of a rule that trains. On the CPU trainings run side by side, one thread each, which takes less time in all.
GPUS, TRAINING_THREADS = (0, 1) if config["accelerator"] == "cpu" else (1, 2)
# Of a method that is killed. A job of a cluster runs Snakemake in it, which must not try again with the same memory.
RETRIES = 1 if workflow.is_main_process else 0


def one_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    dataset=one_of(config["datasets"]),
    method=one_of(config["methods"]),
    seed=r"\d+",
    classifier="knn|logistic|head|mapping",
    query=one_of(config["queries"]),


def planned(function):
    """An input or params function: `function` of the plan, for the names in the job's wildcards."""

    def of_job(wildcards):
        try:
            return function(config, **dict(wildcards.items()))
        except UserError as mistake:
            sys.exit(f"scbraid: {mistake}")

    return of_job


def of_runs(pattern):
    """An input function: `pattern` for every run of the rule's dataset."""
    return planned(partial(inputs.of_runs, pattern=pattern))


def of_transfers(pattern):
    """An input function: `pattern` for every label transfer of the rule's dataset."""
    return planned(partial(inputs.of_transfers, pattern=pattern))


def transfers_of(wildcards):
    """A params function: classifier, run name and seed of every label transfer, as scripts take them."""
    return [tuple(transfer) for transfer in plan.transfers(config, wildcards.dataset)]


def outputs(kind):
    """The output files of the runs of a kind, and their record."""
    return {
        name: directory(path) if name in kind.folders else path
        for name, path in kind.paths.items()
    }


def dataset_setting(key):
    """A params function: the value of `key` in the config of the rule's dataset."""

    def value(wildcards):
        return config["datasets"][wildcards.dataset][key]

    return value


def method_and_parameters(wildcards):
    """The config of the rule's run; `lookup` takes too long where there are thousands of runs."""
    return config["methods"][wildcards.method]


def gpus_if_it_trains(wildcards):
    return GPUS if plan.method_of(config, wildcards.method).trains else 0


def source_of(wildcards):
    of_query = "query" in wildcards.keys()
    return planned(inputs.query_source if of_query else inputs.source)(wildcards)


# For steps that hold the highly variable genes of all cells; others say what they need.
data_memory = memory(1500, per_input=12)
# To read a source in chunks, or whole where it is compressed by columns. Enough for quality control too: what that
# needs is not known yet where both are steps of one job.
source_memory = by_source(4000, per_gb=4 * 2**10, source_of=source_of)
minutes = partial(by_source, source_of=source_of)
