"""What two runs of the workflow have in common: all that is written but measurements of time and memory."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEASURED = {"seconds", "seconds_reference", "cells_per_second", "peak_ram_mb", "peak_gpu_mb", "versions"}
MEASURED |= {"reference_versions"}
#: scvi-tools writes when it trained, and a random number, into every model
STAMPS = {"_scvi_uuid", "run_name_"}
#: a record of the run itself
RECORDS = ("logs", "benchmarks")
#: drawn or written from these measurements
SHOW_MEASUREMENTS = ("report.html", "time.svg", "time.pdf", "scores.svg", "scores.pdf")


def content(results: Path) -> dict[str, str]:
    """Digest of every file below a results folder, measurements left out."""
    return {
        name: digest(path)
        for name, path in files_of(results).items()
        if not name.startswith(tuple(f"{folder}/" for folder in RECORDS)) and path.name not in SHOW_MEASUREMENTS
    }


def files_of(results: Path) -> dict[str, Path]:
    """Every file below a folder, by its path in it."""
    return {
        path.relative_to(results).as_posix(): path
        for path in sorted(results.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def digest(path: Path) -> str:
    """Digest of what a file says, measurements and versions of software left out."""
    if path.suffix == ".json":
        parts = iter([json.dumps(_unmeasured(json.loads(path.read_text()))).encode()])
    elif path.suffix == ".tsv":
        table = pd.read_csv(path, sep="\t", dtype=str)
        parts = iter([table.drop(columns=MEASURED & set(table)).to_csv().encode()])
    elif path.suffix == ".npz":
        parts = _arrays(path)
    elif path.suffix == ".h5ad":
        parts = _elements(path)
    elif path.name == "model.pt":
        parts = _parts_of_model(path)
    else:
        parts = iter([path.read_bytes()])
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def _unmeasured(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _unmeasured(value) for key, value in part.items() if key not in MEASURED}
    return [_unmeasured(value) for value in part] if isinstance(part, list) else part


def _arrays(path: Path) -> Iterator[bytes]:
    with np.load(path, allow_pickle=False) as arrays:
        for name in sorted(arrays.files):
            yield f"{name} {arrays[name].dtype} {arrays[name].shape}".encode()
            yield arrays[name].tobytes()


def _elements(path: Path) -> Iterator[bytes]:
    """Every data set of an HDF5 file, but for measurements among its provenance."""
    found: dict[str, bytes] = {}

    def visit(name: str, element: h5py.Dataset | h5py.Group) -> None:
        if isinstance(element, h5py.Dataset) and not MEASURED & set(name.split("/")):
            values = element[()]
            found[name] = values.tobytes() if isinstance(values, np.ndarray) and values.dtype != object else b""
            if not found[name]:
                found[name] = repr(values.tolist() if isinstance(values, np.ndarray) else values).encode()

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    for name in sorted(found):
        yield name.encode()
        yield found[name]


def _parts_of_model(path: Path) -> Iterator[bytes]:
    """Everything in a model of scvi-tools but its stamps."""
    import torch

    def walk(part: Any, place: str) -> Iterator[bytes]:
        if isinstance(part, dict):
            for key in sorted(part.keys() - STAMPS, key=str):
                yield from walk(part[key], f"{place}/{key}")
            return
        yield place.encode()
        if isinstance(part, torch.Tensor):
            part = part.numpy()
        yield (
            part.tobytes()
            if isinstance(part, np.ndarray) and part.dtype != object
            else repr(list(np.ravel(part))).encode()
        )

    yield from walk(torch.load(path, weights_only=False, map_location="cpu"), "")
