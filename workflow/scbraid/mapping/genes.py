"""Put the counts of a query on the genes of its reference, whatever kind of identifier either of them uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbraid.errors import UserError
from scbraid.mapping.reference import identifier_columns

if TYPE_CHECKING:
    from scbraid.mapping.reference import Reference

#: share of the reference's genes below which mapping is refused, and below which the report warns
MIN_OVERLAP, GOOD_OVERLAP = 0.2, 0.8
ENSEMBL = re.compile(r"^((ENS[A-Z]*G)\d{6,})(\.\d+)?$")
ENSEMBL_SPECIES = {"ENSG": "human", "ENSMUSG": "mouse"}
KIND_SHARE = 0.5
#: how the names of genes themselves are called beside those of columns
NAMES = "gene names"


@dataclass(frozen=True, kw_only=True)
class Match:
    """Genes of a reference found among those of a query by one pair of identifiers.

    Attributes
    ----------
    column, alias
        Where the identifiers of query and reference stand: ``gene names``, or a column of ``var``.
    at
        For every gene of the reference its row in the query, -1 where there is none.
    ambiguous
        Genes of the reference that are left out because several genes of the query have their identifier.
    """

    column: str
    alias: str
    at: np.ndarray
    ambiguous: int

    @property
    def found(self) -> int:
        """Number of genes found."""
        return int((self.at >= 0).sum())


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """A query on the genes of its reference.

    Attributes
    ----------
    adata
        Cells x genes of the reference in its order, ``layers["counts"]``, all columns of ``obs``.
    genes
        gene, status (``found`` or ``padded``: absent from the query, zero in every cell), query_gene (its name there).
    overlap
        Percent of the reference's genes that were found.
    identifiers
        What was matched with what, in words.
    notes
        What a reader should know.
    """

    adata: AnnData
    genes: pd.DataFrame
    overlap: float
    identifiers: str
    notes: list[str]


def align_genes(adata: AnnData, reference: Reference, *, name: str) -> Aligned:
    """Put a query on the genes of a reference; those it lacks are padded with zeros.

    Names of genes are compared with names first, then with further identifiers (columns of ``var`` of the query, and of
    the data that the reference was trained on); the pair that finds most genes is taken. The version of an Ensembl
    identifier (``.12``) is ignored, the case of letters is not.

    Parameters
    ----------
    adata
        Cells x genes with ``layers["counts"]``, in the form of :func:`scbraid.data.standardize.standard_form`.
    reference
        From :func:`scbraid.mapping.reference.read_reference`.
    name
        Query, for messages.

    Raises
    ------
    UserError
        Fewer than 20 % of the reference's genes are found.
    """
    match = best_match(adata.var, reference)
    share = match.found / len(reference.genes)
    if share < MIN_OVERLAP:
        raise UserError(
            f"queries/{name}: only {match.found} of the reference's {len(reference.genes)} genes ({share:.0%}) are in "
            f"the data, at least {MIN_OVERLAP:.0%} are needed; {_hint(adata.var_names, reference.genes)}"
        )
    is_found = match.at >= 0
    table = pd.DataFrame(
        {
            "gene": reference.genes,
            "status": np.where(is_found, "found", "padded"),
            "query_gene": np.where(is_found, adata.var_names.to_numpy(object)[match.at], ""),
        }
    )
    aligned = AnnData(obs=adata.obs.copy(), var=pd.DataFrame(index=reference.genes))
    aligned.layers["counts"] = _counts(adata.layers["counts"], match.at)
    return Aligned(
        adata=aligned,
        genes=table,
        overlap=round(100 * share, 2),
        identifiers=f"{match.column} of the query, {match.alias} of the reference",
        notes=_notes(match, aligned, len(reference.genes)),
    )


def best_match(var: pd.DataFrame, reference: Reference) -> Match:
    """Find the pair of identifiers that finds most genes; the names themselves where others find no more."""
    columns = _identifiers(var.index, identifier_columns(var))
    aliases = _identifiers(reference.genes, reference.aliases)
    matches = [
        _match(of_query, of_reference, column=column, alias=alias)
        for column, of_query in columns.items()
        for alias, of_reference in aliases.items()
    ]
    return max(matches, key=lambda match: match.found)


def _identifiers(names: pd.Index, table: pd.DataFrame) -> dict[str, np.ndarray]:
    further = {column: table[column].to_numpy(object) for column in table}
    return {NAMES: names.to_numpy(object)} | further


def _match(query: np.ndarray, reference: np.ndarray, *, column: str, alias: str) -> Match:
    given, wanted = _comparable(query), _comparable(reference)
    unique = ~given.duplicated(keep=False)
    rows = pd.Series(np.flatnonzero(unique), index=given[unique].to_numpy())
    usable = wanted.notna() & ~wanted.duplicated(keep=False)
    at = wanted.map(rows).where(usable).fillna(-1).to_numpy(np.int64)
    doubled = set(given[~unique].dropna())
    return Match(column=column, alias=alias, at=at, ambiguous=int((wanted.isin(doubled) & usable).sum()))


def _comparable(identifiers: np.ndarray) -> pd.Series:
    """Text without the version of Ensembl identifiers; missing ones stay missing."""
    text = pd.Series(identifiers, dtype=object)
    text = text.where(text.notna(), None)
    return text.map(lambda name: ENSEMBL.sub(r"\1", str(name).strip()), na_action="ignore")


def _counts(counts: sparse.csr_matrix, at: np.ndarray) -> sparse.csr_matrix:
    """Reorder columns; those at -1 are empty."""
    position = np.flatnonzero(at >= 0)
    placed = sparse.csr_matrix(
        (np.ones(len(position), dtype=counts.dtype), (at[position], position)), shape=(counts.shape[1], len(at))
    )
    aligned = (counts @ placed).tocsr()
    aligned.sort_indices()
    return aligned


def _notes(match: Match, aligned: AnnData, n_genes: int) -> list[str]:
    notes = []
    padded = n_genes - match.found
    if match.found < GOOD_OVERLAP * n_genes:
        notes.append(
            f"{padded} of the reference's {n_genes} genes ({padded / n_genes:.0%}) are not in the data and count as "
            "zero: the mapping is less certain"
        )
    if (match.column, match.alias) != (NAMES, NAMES):
        notes.append(f"genes were matched by {match.column} of the query and {match.alias} of the reference")
    if match.ambiguous:
        notes.append(f"{match.ambiguous} genes are padded because several genes of the query have their identifier")
    empty = int((aligned.layers["counts"].sum(axis=1) == 0).sum())
    if empty:
        notes.append(f"{empty} cells have no count in the reference's genes; their place and labels mean nothing")
    return notes


def _hint(query: pd.Index, reference: pd.Index) -> str:
    """Say why the names of genes differ, where that shows."""
    kinds = _kind(query), _kind(reference)
    if "Ensembl" in kinds[0] and "Ensembl" not in kinds[1]:
        return _other_kind("Ensembl identifiers", "symbols", query, reference)
    if "Ensembl" in kinds[1] and "Ensembl" not in kinds[0]:
        return _other_kind("symbols", "Ensembl identifiers", query, reference)
    if kinds[0] != kinds[1]:
        return (
            f"the data have {kinds[0]} genes, the reference has {kinds[1]} ones; map onto a reference of that species"
        )
    folded = reference.astype(str).str.upper().isin(query.astype(str).str.upper()).mean()
    if folded >= MIN_OVERLAP:
        return (
            f"{folded:.0%} are when upper and lower case are not told apart ('{query[0]}', '{reference[0]}'); "
            "rename the genes if they are of the same species"
        )
    return f"its genes look like '{query[0]}', those of the reference like '{reference[0]}'"


def _other_kind(query_kind: str, reference_kind: str, query: pd.Index, reference: pd.Index) -> str:
    return (
        f"its genes are {query_kind} ('{query[0]}'), those of the reference {reference_kind} ('{reference[0]}'): "
        f"add a column with {reference_kind} to var"
    )


def _kind(names: pd.Index) -> str:
    """Ensembl identifiers, with their species where known, or symbols."""
    stems = [found[2] for found in map(ENSEMBL.match, names.astype(str)) if found]
    if len(stems) < KIND_SHARE * len(names):
        return "symbols"
    stem = max(sorted(set(stems)), key=stems.count)
    return f"{ENSEMBL_SPECIES.get(stem, stem)} (Ensembl)"
