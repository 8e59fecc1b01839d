"""Where results lie, as functions: the rules spell the same paths, and a test holds both together.

Every function takes names, or the wildcards of a rule such as ``{dataset}``, and returns a path from the folder that
the workflow runs in.
"""

from __future__ import annotations

RESULTS = "results"
#: files and folders that stand beside those of the data sets in results/
RESERVED_NAMES = ("verdict.txt", "report.html", "runs.tsv", "queries", "logs", "benchmarks", "bench")
#: folders of trainings below that of a data set: of all cells, and those that belong to the label transfer alone
RUNS, FOLDS, MAPPED = "runs", "transfer/folds", "transfer/mapped"


def of_dataset(dataset: str, file: str) -> str:
    """Name a file of a data set."""
    return f"{RESULTS}/{dataset}/{file}"


def run_folder(run_name: str, seed: int | str, *, trained_in: str = RUNS) -> str:
    """Name the folder of a training below that of its data set; `trained_in` as in :func:`of_run`."""
    return f"{trained_in}/{run_name}/seed-{seed}"


def transfer_folder(classifier: str, run_name: str, seed: int | str) -> str:
    """Name the folder of the label transfer by a classifier with a run, below that of its data set."""
    return f"transfer/{classifier}/{run_name}/seed-{seed}"


def of_run(dataset: str, run_name: str, seed: int | str, file: str, *, trained_in: str = RUNS) -> str:
    """Name a file of a run, or of the trainings that it needs for the label transfer.

    Parameters
    ----------
    dataset, run_name, seed
        Data set, name of the run in the config, seed.
    file
        File in the folder of the run.
    trained_in
        ``RUNS``, ``FOLDS`` (labels of one batch hidden at a time) or ``MAPPED`` (held-out cells mapped).
    """
    return of_dataset(dataset, f"{run_folder(run_name, seed, trained_in=trained_in)}/{file}")


def of_transfer(dataset: str, classifier: str, run_name: str, seed: int | str, file: str) -> str:
    """Name a file of the label transfer by a classifier with a run."""
    return of_dataset(dataset, f"{transfer_folder(classifier, run_name, seed)}/{file}")


def of_query(query: str, file: str) -> str:
    """Name a file of cells that are mapped onto a reference."""
    return f"{RESULTS}/queries/{query}/{file}"
