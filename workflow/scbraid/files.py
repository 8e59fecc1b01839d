"""Read and write the files of a dataset: one format each, the same bytes for the same content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def read_table(path: str | Path, *, names: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a tab-separated table: numbers exactly as written, columns in `names` as text whatever they look like."""
    return pd.read_csv(
        path,
        sep="\t",
        keep_default_na=False,
        na_values=[""],
        dtype=dict.fromkeys(names, str),
        float_precision="round_trip",
    )


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a tab-separated table without its index; ``.gz`` paths are compressed without a timestamp."""
    compression = {"method": "gzip", "mtime": 0} if str(path).endswith(".gz") else None
    table.to_csv(path, sep="\t", index=False, compression=compression, lineterminator="\n")


def read_embedding(path: str | Path) -> pd.DataFrame:
    """Read an embedding or layout: index = cells, float32 columns."""
    return pd.read_parquet(path)


def write_embedding(table: pd.DataFrame, path: str | Path) -> None:
    """Write an embedding or layout as parquet."""
    table.to_parquet(path, compression="zstd")


def embedding_table(values: np.ndarray, cells: pd.Index) -> pd.DataFrame:
    """Give the rows of an array the names of the cells, and the columns the numbers 0, 1, ... as text."""
    columns = [str(i) for i in range(values.shape[1])]
    return pd.DataFrame(values.astype(np.float32), index=pd.Index(cells, name="cell"), columns=columns)


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON file."""
    return json.loads(Path(path).read_text())


def write_json(content: dict[str, Any], path: str | Path) -> None:
    """Write a JSON file, indented and with a final newline: whole, or not at all where the process is killed."""
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(content, indent=2) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
