"""Label transfer on real data: accuracy, calibration, and whether types that the reference lacks are called unknown.

    python tests/benchmarks/novelty.py --runs pca harmony cvae

Every batch is held out once, with every label of the reference as it is and with each label of at least 30 cells taken
out of it (where the batch has 10 cells of it or more). Embeddings are of all cells and see no label. Means over these
tasks; the table is written to results/bench/novelty.tsv and, as the documentation has it, novelty.md.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from quality import DATASETS, METHODS, ROOT, load, markdown_table

from scbraid.transfer.predict import predict
from scbraid.transfer.scores import score_predictions
from scbraid.transfer.tasks import assign_roles

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSIFIERS = ("knn", "logistic")
LABEL_FREE = ("pca", "harmony", "scvi", "cvae")
FEWEST_CELLS, FEWEST_HELD_OUT = 30, 10
SCORES = {
    "balanced_accuracy_seen": "balanced accuracy",
    "ece": "ECE",
    "novelty_auroc": "novelty AUROC",
    "unknown_novel": "unknown, novel",
    "unknown_seen": "unknown, seen",
    "accuracy_kept": "accuracy, kept",
}
COMPLETE = "complete"


def tasks(obs: pd.DataFrame, name: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Label that the reference lacks (or that it is complete), and the roles of all cells, for every batch held out."""
    sizes = obs["label"].value_counts()
    for batch in obs["batch"].cat.categories:
        held_out = obs["label"][obs["batch"] == batch].value_counts()
        for label in [COMPLETE, *sizes.index[sizes >= FEWEST_CELLS].sort_values()]:
            if label != COMPLETE and held_out[label] < FEWEST_HELD_OUT:
                continue
            cells = assign_roles(obs, query=[batch], reference=None, name=name)
            cells["label"] = cells["label"].mask(cells["reference"] & (cells["label"] == label))
            if cells["label"][cells["reference"]].nunique() > 1:
                yield label, cells


def task_scores(cells: pd.DataFrame, embedding: pd.DataFrame, classifier: str, unknown_above: float) -> dict:
    """Scores of all held-out cells of a task, and the share of unknown among those with a label of the reference."""
    predictions = predict(cells, classifier=classifier, embedding=embedding, unknown_above=unknown_above)
    scores = score_predictions(predictions)
    found = scores[scores["label"] == "all"].set_index("score")["value"].to_dict()
    decisions = predictions.loc[predictions["seen"].eq(True), "decision"]
    return found | {"unknown_seen": (decisions == "unknown").mean()}


def measure(run_names: list[str], datasets: list[str], unknown_above: float) -> pd.DataFrame:
    """Scores of every task, one row each."""
    rows = []
    for dataset, run_name in itertools.product(datasets, run_names):
        adata = load(dataset)
        embedding = pd.DataFrame(np.asarray(METHODS[run_name](dataset, 0), np.float32), adata.obs_names.rename("cell"))
        for (lacks, cells), classifier in itertools.product(tasks(adata.obs, dataset), CLASSIFIERS):
            key = {"dataset": dataset, "run": run_name, "classifier": classifier, "lacks": lacks}
            rows.append(key | task_scores(cells, embedding, classifier, unknown_above))
        print(dataset, run_name, flush=True)
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> str:
    """Means as Markdown: accuracy and calibration with the complete reference, the others with one label taken out."""
    complete = table["lacks"] == COMPLETE
    keys = ["dataset", "run", "classifier"]
    first, others = list(SCORES)[:2], list(SCORES)[2:]
    means = [table[complete].groupby(keys)[first].mean(), table[~complete].groupby(keys)[others].mean()]
    texts = pd.concat(means, axis=1).map("{:.3f}".format).rename(columns=SCORES).reset_index()
    return markdown_table(texts) + "\n"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", default=["pca", "harmony", "cvae"], choices=LABEL_FREE, metavar="RUN")
    parser.add_argument("--datasets", nargs="+", default=["pbmc", "scmix", "pbmc_10x", "kang"], choices=list(DATASETS))
    parser.add_argument("--unknown-above", type=float, default=0.5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    present = [name for name in options.datasets if DATASETS[name].is_file()]
    table = measure(options.runs, present, options.unknown_above)
    target = ROOT / "results" / "bench" / "novelty.tsv"
    target.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(target, sep="\t", index=False)
    text = summary(table)
    target.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
