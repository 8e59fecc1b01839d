"""Integration quality of methods and cvae recipes: total scores on real data, every number repeatable.

    python tests/benchmarks/quality.py --runs pca harmony scvi scanvi cvae --seeds 0 1 2

Every finished run is a line of results/bench/quality.tsv; a second call computes only what is missing there, so take
the lines of a method out when the method has changed. The tables of the documentation are written beside it,
quality.md.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import warnings
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from in_memory import standardize
from scbraid.data.h5ad import read_h5ad
from scbraid.graphs.neighbors import nearest_neighbors
from scbraid.metrics.cells import Cells
from scbraid.metrics.engine import score
from scbraid.metrics.total import total
from scbraid.preprocess.features import select_features
from scbraid.preprocess.pca import unintegrated_pca
from scbraid.runs.contract import check_embedding

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
DATASETS = {
    "pbmc": ROOT / "resources" / "pbmc" / "pbmc.h5ad",
    "scmix": SHARED / "scmix_celseq2_dropseq.h5ad",
    "pbmc_10x": SHARED / "pbmc_10x_v2_v3_5p_wholegenes.h5ad",
    "kang": SHARED / "kang_muscat_2donors_ifnb.h5ad",
    "onek1k": SHARED / "onek1k_40donors_29pools.h5ad",
    "pbmc68k": SHARED / "pbmc68k_reduced_8channels.h5ad",
}
N_TOP_GENES = 2000
SCVI = {"n_hidden": 128, "n_latent": 30, "n_layers": 2, "gene_likelihood": "nb"}


@lru_cache(maxsize=1)
def load(name: str) -> AnnData:
    """Standardise a data set, select up to 2,000 HVG and add the unintegrated PCA; all cells stay."""
    path = DATASETS[name]
    adata = standardize(read_h5ad(path), source=str(path), batch="batch", label="cell_type")
    hvg, _ = select_features(adata, name=name, n_top_genes=min(N_TOP_GENES, adata.n_vars))
    hvg.obsm["X_pca"] = unintegrated_pca(hvg)[0].to_numpy()
    return hvg


def pca(dataset: str, seed: int) -> np.ndarray:
    """Nothing corrected."""
    return load(dataset).obsm["X_pca"]


def harmony(dataset: str, seed: int) -> np.ndarray:
    """harmonypy with its defaults."""
    import harmonypy

    adata = load(dataset)
    return harmonypy.run_harmony(adata.obsm["X_pca"], adata.obs, "batch", random_state=seed, verbose=False).Z_corr


@lru_cache(maxsize=1)
def trained_scvi(dataset: str, seed: int) -> Any:
    """SCVI with scvi-tools' default training."""
    import scvi as scvi_tools

    adata = load(dataset).copy()
    adata.obs["label_for_training"] = adata.obs["label"].astype(object).fillna("Unknown").astype("category")
    scvi_tools.settings.seed = seed
    scvi_tools.model.SCVI.setup_anndata(adata, layer="counts", batch_key="batch")
    model = scvi_tools.model.SCVI(adata, **SCVI)
    model.train(accelerator="cpu", enable_progress_bar=False, logger=None)
    return model


def scvi(dataset: str, seed: int) -> np.ndarray:
    """Posterior means of scVI."""
    return trained_scvi(dataset, seed).get_latent_representation()


def scanvi(dataset: str, seed: int, **training: Any) -> np.ndarray:
    """Posterior means of scANVI started from scVI of the same seed, with all labels and its defaults or `training`.

    The seconds are those of the second training alone where scVI ran just before.
    """
    import scvi as scvi_tools

    pretrained = trained_scvi(dataset, seed)
    scvi_tools.settings.seed = seed
    model = scvi_tools.model.SCANVI.from_scvi_model(pretrained, "Unknown", labels_key="label_for_training")
    model.train(accelerator="cpu", enable_progress_bar=False, logger=None, **training)
    return model.get_latent_representation()


def cvae(dataset: str, seed: int, **parameters: Any) -> np.ndarray:
    """Posterior means of our model with its defaults and the parameters given."""
    from scbraid.cvae import CVAE

    model = CVAE(load(dataset), batch_key="batch", seed=seed, accelerator="cpu", **parameters)
    return model.fit().embedding()


METHODS = {
    "pca": pca,
    "harmony": harmony,
    "scvi": scvi,
    "scanvi": scanvi,
    "cvae": cvae,
    "cvae_labels": partial(cvae, label_key="label"),
}


def evaluate(adata: AnnData, embedding: np.ndarray, name: str) -> dict[str, float]:
    """All metrics of one embedding and its aggregate scores."""
    table = check_embedding(embedding, adata.obs_names, run_name=name)
    cells = Cells.of(
        table.to_numpy(),
        batch=adata.obs["batch"],
        labels=adata.obs["label"],
        neighbors=nearest_neighbors(table.to_numpy()),
        pca=adata.obsm["X_pca"],
    )
    scores = score(cells)
    return total(scores)._asdict() | scores.set_index("metric")["value"].to_dict()


def run_missing(names: list[str], datasets: list[str], seeds: list[int], table_file: Path, methods: dict) -> None:
    """Run what the table does not hold yet and append it, one line a run."""
    for dataset, seed, name in itertools.product(datasets, seeds, names):
        if _done(table_file, name, dataset, seed):
            continue
        adata = load(dataset)
        started = time.perf_counter()
        embedding = methods[name](dataset, seed)
        seconds = time.perf_counter() - started
        row = {"run": name, "dataset": dataset, "seed": seed, "seconds": seconds}
        _append(row | evaluate(adata, embedding, name), table_file)
        print(name, dataset, seed, f"{seconds:.0f} s", flush=True)


def _done(table_file: Path, name: str, dataset: str, seed: int) -> bool:
    if not table_file.is_file():
        return False
    table = pd.read_csv(table_file, sep="\t")
    return bool(((table["run"] == name) & (table["dataset"] == dataset) & (table["seed"] == seed)).any())


def _append(row: dict[str, Any], table_file: Path) -> None:
    table_file.parent.mkdir(parents=True, exist_ok=True)
    known = pd.read_csv(table_file, sep="\t") if table_file.is_file() else pd.DataFrame()
    pd.concat([known, pd.DataFrame([row])]).to_csv(table_file, sep="\t", index=False)


def summary(table: pd.DataFrame) -> str:
    """Mean scores over the seeds as Markdown: totals of every run and data set, then bio and batch."""
    parts = []
    for score_name in ("total", "bio", "batch"):
        scores = table.pivot_table(index="run", columns="dataset", values=score_name, aggfunc="mean", sort=False)
        scores["mean"] = scores.mean(axis=1, skipna=False)
        cells = scores.map(lambda value: "" if pd.isna(value) else f"{value:.3f}").reset_index()
        parts.append(markdown_table(cells.rename(columns={"run": score_name})))
    return "\n\n".join(parts) + "\n"


def markdown_table(table: pd.DataFrame) -> str:
    """Markdown of a table whose cells are texts."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def run_command(description: str, methods: dict, *, called: str, table_name: str, seeds: list[int]) -> Path:
    """Run the chosen methods as a command line says and return the table; `called` names the option of the methods."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(methods)
    parser.add_argument(f"--{called}", dest="names", nargs="+", default=names, choices=names, metavar="NAME")
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS), choices=list(DATASETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=seeds)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "results" / "bench" / table_name)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    present = [name for name in options.datasets if DATASETS[name].is_file()]
    run_missing(options.names, present, options.seeds, options.output, methods)
    return options.output


def main() -> None:
    """Run from the command line."""
    table_file = run_command(__doc__, METHODS, called="runs", table_name="quality.tsv", seeds=[0, 1, 2])
    text = summary(pd.read_csv(table_file, sep="\t"))
    table_file.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
