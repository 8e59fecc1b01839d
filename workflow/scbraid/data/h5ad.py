"""Read and write .h5ad files, whole or with their matrices left in the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np

from scbraid.data.damaged import reading

if TYPE_CHECKING:
    import pandas as pd

    from scbraid.data.counts import Chunked


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

    They are for :class:`~scbraid.data.counts.Counts`. A matrix compressed by columns is read into memory, as it cannot
    be cut into cells; what is neither counts nor annotation of cells or genes is left out.

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


def read_obs(path: str | Path) -> pd.DataFrame:
    """Read only the cell annotation of an .h5ad file."""
    backed = ad.read_h5ad(path, backed="r")
    try:
        return backed.obs.copy()
    finally:
        backed.file.close()


def write_h5ad(adata: ad.AnnData, path: str | Path, *, matrices: dict[str, Chunked] | None = None) -> None:
    """Write an .h5ad file with light compression.

    Parameters
    ----------
    adata
        Everything, or all but `matrices`.
    path
        File to write.
    matrices
        What is written a chunk of cells at a time, by its place in the file: ``X`` or ``layers/<name>``.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    adata.write_h5ad(path, **COMPRESSION)
    if matrices:
        with h5py.File(path, "r+") as file:
            for place, matrix in matrices.items():
                _write_chunks(file, place, matrix)


def _write_chunks(file: h5py.File, place: str, matrix: Chunked) -> None:
    stored = None
    for chunk in matrix.chunks():
        if stored is None:
            if matrix.most_entries >= np.iinfo(np.int32).max:
                chunk.indptr = chunk.indptr.astype(np.int64)
            ad.io.write_elem(file, place, chunk, dataset_kwargs=COMPRESSION_OF_COUNTS)
            stored = ad.io.sparse_dataset(file[place])
        else:
            stored.append(chunk)
