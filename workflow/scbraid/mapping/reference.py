"""A saved reference: the model folder of a run, which holds all it takes to map new cells onto it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.errors import UserError
from scbraid.files import embedding_table, read_json, write_json
from scbraid.labels import known_labels
from scbraid.methods.spec import Run

if TYPE_CHECKING:
    from anndata import AnnData

FORMAT = 1
DESCRIPTION, CELLS = "reference.json", "reference.parquet"
#: fields of a run by their keys in reference.json
FIELDS_OF_RUN = {"run": "name", "method": "method", "parameters": "parameters", "seed": "seed"}
#: a text column of var holds identifiers of genes where at least this share of its values differ
IDENTIFIER_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What new cells are mapped onto.

    Attributes
    ----------
    folder
        Folder with the model, for the method.
    run
        How it was trained.
    genes
        Names of the genes of the model, in its order.
    aliases
        Genes x further identifiers (columns of ``var``, missing ones as None), in the same order.
    cells
        ``batch`` and ``label`` (NaN where missing) of every cell.
    embedding
        Cells x dimensions, float32.
    versions
        Software that it was trained with.
    """

    folder: Path
    run: Run
    genes: pd.Index
    aliases: pd.DataFrame
    cells: pd.DataFrame
    embedding: pd.DataFrame
    versions: dict[str, str]

    @property
    def batches(self) -> list[str]:
        """Names of the batches that the model knows."""
        return sorted(self.cells["batch"].unique())

    @property
    def labelled(self) -> np.ndarray:
        """Which cells have a label, one boolean a cell."""
        return self.cells["label"].notna().to_numpy()


def write_reference(folder: Path, adata: AnnData, embedding: np.ndarray, run: Run, *, versions: dict[str, str]) -> None:
    """Complete the model folder of a run: reference.json and reference.parquet.

    Parameters
    ----------
    folder
        Folder that the method wrote its model to.
    adata
        The data that it was trained on: genes, ``obs["batch"]`` and, where there are any, ``obs["label"]``.
    embedding
        Cells x dimensions, in the order of `adata`.
    run
        What trained it.
    versions
        Of the software that trained it.
    """
    description = {
        "format": FORMAT,
        **{name: getattr(run, field) for name, field in FIELDS_OF_RUN.items()},
        "genes": list(map(str, adata.var_names)),
        "aliases": _text_or_none(identifier_columns(adata.var)),
        "versions": versions,
    }
    label = known_labels(adata.obs["label"]) if "label" in adata.obs else None
    table = embedding_table(np.asarray(embedding), adata.obs_names)
    table.insert(0, "batch", adata.obs["batch"].astype(str).to_numpy(object))
    table.insert(1, "label", pd.Series(None if label is None else label.to_numpy(), table.index, dtype="string"))
    table.to_parquet(folder / CELLS, compression="zstd")
    write_json(description, folder / DESCRIPTION)


def read_reference(folder: str | Path) -> Reference:
    """Read what :func:`write_reference` wrote.

    Raises
    ------
    UserError
        No such folder, no reference in it (the run failed, or the folder is another one), or one of another format.
    """
    folder = Path(folder)
    _check_folder(folder)
    try:
        description = read_json(folder / DESCRIPTION)
        written = description.get("format")
    except (ValueError, AttributeError) as error:
        raise UserError(f"{folder / DESCRIPTION} is damaged; copy the whole folder again") from error
    if written != FORMAT:
        raise UserError(f"{folder} holds a reference of format {written}, this version of scbraid reads {FORMAT}")
    table = pd.read_parquet(folder / CELLS)
    label = table.pop("label").astype(object)
    return Reference(
        folder=folder,
        run=Run(**{field: description[name] for name, field in FIELDS_OF_RUN.items()}),
        versions=description["versions"],
        genes=pd.Index(description["genes"]),
        aliases=pd.DataFrame(description["aliases"], index=description["genes"], dtype=object),
        cells=pd.DataFrame({"batch": table.pop("batch").astype(object), "label": label.where(label.notna(), np.nan)}),
        embedding=table,
    )


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder; a reference is the folder model/ of a run, such as "
            "results/<data set>/runs/<run>/seed-0/model"
        )
    absent = [name for name in (DESCRIPTION, CELLS) if not (folder / name).is_file()]
    if not absent:
        return
    inside = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if inside:
        raise UserError(
            f"{folder} holds no reference: there is no {absent[0]}; take the whole folder model/ of a run whose method "
            "maps"
        )
    raise UserError(f"{folder} is empty: the run that should have trained the reference failed; its run.json says why")


def identifier_columns(var: pd.DataFrame) -> pd.DataFrame:
    """Columns of ``var`` with text that differs from gene to gene, such as gene_ids, as objects."""
    columns = {}
    for name in var:
        values = var[name]
        is_text = isinstance(values.dtype, pd.CategoricalDtype) or pd.api.types.infer_dtype(values) == "string"
        if is_text and values.nunique() >= IDENTIFIER_SHARE * max(len(var), 1):
            columns[str(name)] = values.astype(object)
    return pd.DataFrame(columns, index=var.index)


def _text_or_none(table: pd.DataFrame) -> dict[str, list[str | None]]:
    return {
        name: [None if missing else str(value) for value, missing in zip(table[name], table[name].isna())]
        for name in table
    }
