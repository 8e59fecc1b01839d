"""What two runs have in common: all files but their measurements of time and memory."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import anndata as ad
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

MEASURED = {"seconds", "cells_per_second", "peak_ram_mb", "peak_gpu_mb"}
#: drawn or written from these measurements, or a record of the run itself
LEFT_OUT = ("logs/", "benchmarks/", "report.html", "d/benchmark/time.", "d/benchmark/scores.")


def content(results: Path) -> dict[str, str]:
    """Digest of every file below a results folder, measurements left out."""
    files = {path.relative_to(results).as_posix(): path for path in results.rglob("*") if path.is_file()}
    return {name: _digest(path) for name, path in files.items() if not name.startswith(LEFT_OUT)}


def _digest(path: Path) -> str:
    if path.suffix == ".json":
        text = json.dumps(_unmeasured(json.loads(path.read_text())))
    elif path.suffix == ".tsv":
        table = pd.read_csv(path, sep="\t", dtype=str)
        text = table.drop(columns=MEASURED & set(table)).to_csv()
    elif path.name == "integrated.h5ad":
        text = _described(ad.read_h5ad(path))
    else:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()


def _unmeasured(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _unmeasured(value) for key, value in part.items() if key not in MEASURED}
    return [_unmeasured(value) for value in part] if isinstance(part, list) else part


def _described(adata: ad.AnnData) -> str:
    counts = adata.layers["counts"]
    arrays = [counts.data, counts.indices, counts.indptr, *(adata.obsm[name] for name in sorted(adata.obsm))]
    digests = [hashlib.sha256(array.tobytes()).hexdigest() for array in arrays]
    return "\n".join([adata.obs.to_csv(), adata.var.to_csv(), *sorted(adata.obsm), *digests])
