"""Command line: ``python -m scbraid.cvae fit data.h5ad --batch-key batch -o out/``."""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
from pathlib import Path
from typing import Any

from scbraid.cvae.parameters import add_arguments, kinds
from scbraid.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = vars(_parser().parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        _fit(options)
    except UserError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scbraid.cvae", description=__doc__)
    fit = parser.add_subparsers(required=True).add_parser("fit", help="train a model and write what it learned")
    fit.add_argument("data", type=Path, help='.h5ad file with raw counts in layers["counts"] or X')
    fit.add_argument("-o", "--output", type=Path, required=True, help="folder to write into")
    fit.add_argument("--batch-key", help="column of obs with the batch; without it a plain VAE is trained")
    fit.add_argument("--label-key", help="column of obs with labels for the label head")
    fit.add_argument("--unlabeled-category", default="unknown", help="label of cells whose label is unknown [unknown]")
    for kind in ("categorical", "continuous"):
        fit.add_argument(
            f"--{kind}-covariate-keys", nargs="+", default=(), metavar="KEY", help=f"further {kind} columns of obs"
        )
    fit.add_argument("--seed", type=int, default=0, help="seed of everything random [0]")
    fit.add_argument("--accelerator", default="auto", help="auto, cpu, gpu or mps [auto]")
    fit.add_argument("--threads", type=int, help="CPU threads; by default torch decides")
    fit.add_argument(
        "--checkpoint-dir", type=Path, help="folder for checkpoints; training resumes from one found there"
    )
    add_arguments(fit.add_argument_group("model and training"))
    return parser


def _fit(options: dict[str, Any]) -> None:
    import torch

    from scbraid.cvae.api import CVAE
    from scbraid.cvae.curves import plot_losses
    from scbraid.data.h5ad import read_h5ad
    from scbraid.files import embedding_table, write_embedding, write_json, write_table

    data, output, threads, checkpoint_dir = (
        options.pop(name) for name in ("data", "output", "threads", "checkpoint_dir")
    )
    if threads:
        torch.set_num_threads(threads)
    started = time.perf_counter()
    adata = read_h5ad(data)
    try:
        model = CVAE(adata, **options).fit(checkpoint_dir=checkpoint_dir)
    except UserError as mistake:
        raise UserError(f"{data}: {mistake}") from None
    if not model.writes_files:
        return
    model.save(output / "model")
    write_embedding(embedding_table(model.embedding(), adata.obs_names), output / "embedding.parquet")
    write_table(model.history, output / "history.tsv")
    plot_losses(model.history, output / "losses.svg")
    if options["label_key"] and model.vocabulary.labels:
        write_table(model.predict_labels().rename_axis("cell").reset_index(), output / "predictions.tsv")
    facts = {
        "method": "cvae",
        "data": str(data),
        "seed": options["seed"],
        "parameters": {name: getattr(model.parameters, name) for name in kinds()},
        "seconds": round(time.perf_counter() - started, 3),
        "peak_ram_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    write_json(facts | model.run_info, output / "run.json")


if __name__ == "__main__":
    sys.exit(main())
