"""Read and write the files of a dataset: one format each, the same bytes for the same content."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd

from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scbraid.portions import Portions

COMPRESSION = {"compression": "gzip", "compression_opts": 1}
# Bytes of equal weight together: a third less time to write and to store counts.
COMPRESSION_OF_COUNTS = COMPRESSION | {"shuffle": True}


def read_h5ad(path: str | Path) -> ad.AnnData:
    """Read an .h5ad file into memory.

    Raises
    ------
    UserError
        The file does not exist, is not readable or is not an .h5ad file.
    """
    with reading(path):
        return ad.read_h5ad(path)


def open_h5ad(path: str | Path) -> ad.AnnData:
    """Read the annotation of cells and genes of an .h5ad file; its matrices stay in the file, which stays open.

    They are for :class:`~scbraid.portions.Counts`. A matrix compressed by columns is read into memory, as it cannot be
    cut into cells; what is neither counts nor annotation of cells or genes is left out.

    Raises
    ------
    UserError
        As for :func:`read_h5ad`.
    """
    with reading(path):
        file = h5py.File(path, "r")
        if file.attrs.get("encoding-type") != "anndata":  # of an early version
            file.close()
            return ad.read_h5ad(path)
        raw = file.get("raw")
        return ad.AnnData(
            X=_matrix(file["X"]) if "X" in file else None,
            obs=ad.io.read_elem(file["obs"]),
            var=ad.io.read_elem(file["var"]),
            layers={name: _matrix(layer) for name, layer in file.get("layers", {}).items()},
            raw=None if raw is None else {"X": _matrix(raw["X"]), "var": ad.io.read_elem(raw["var"])},
        )


def _matrix(stored: h5py.Dataset | h5py.Group) -> Any:
    if isinstance(stored, h5py.Dataset):
        return stored
    is_by_rows = stored.attrs.get("encoding-type") == "csr_matrix"
    return ad.io.sparse_dataset(stored) if is_by_rows else ad.io.read_elem(stored)


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Whatever goes wrong with an .h5ad file becomes a :class:`~scbraid.errors.UserError` that names it."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    try:
        yield
    except PermissionError as error:
        raise UserError(f"{path}: no permission to read this file") from error
    except MemoryError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} is not a readable .h5ad file ({reason})") from error


def read_obs(path: str | Path) -> pd.DataFrame:
    """Read only the cell annotation of an .h5ad file."""
    backed = ad.read_h5ad(path, backed="r")
    try:
        return backed.obs.copy()
    finally:
        backed.file.close()


def write_h5ad(adata: ad.AnnData, path: str | Path, *, matrices: dict[str, Portions] | None = None) -> None:
    """Write an .h5ad file with light compression.

    Parameters
    ----------
    adata
        Everything, or all but `matrices`.
    path
        File to write.
    matrices
        What is written a portion of cells at a time, by its place in the file: ``X`` or ``layers/<name>``.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    adata.write_h5ad(path, **COMPRESSION)
    if matrices:
        with h5py.File(path, "r+") as file:
            for place, portions in matrices.items():
                _write_portions(file, place, portions)


def _write_portions(file: h5py.File, place: str, portions: Portions) -> None:
    stored = None
    for portion in portions.portions():
        if stored is None:
            if portions.most_entries >= np.iinfo(np.int32).max:
                portion.indptr = portion.indptr.astype(np.int64)
            ad.io.write_elem(file, place, portion, dataset_kwargs=COMPRESSION_OF_COUNTS)
            stored = ad.io.sparse_dataset(file[place])
        else:
            stored.append(portion)


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
