"""Run a method's mapping on a query, prove its result and write down what was done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbraid.data.covariates import check_covariates, covariates_of
from scbraid.errors import UserError
from scbraid.files import embedding_table
from scbraid.mapping.batches import name_batches
from scbraid.mapping.genes import align_genes
from scbraid.mapping.reference import FIELDS_OF_RUN
from scbraid.methods.registry import METHODS, load_mapping, maps
from scbraid.methods.spec import Context
from scbraid.preprocess.expression import log_normalised
from scbraid.runs.artifacts import probability_table
from scbraid.runs.facts import software_versions
from scbraid.runs.run import check_mapped

if TYPE_CHECKING:
    from anndata import AnnData

    from scbraid.mapping.genes import Aligned
    from scbraid.mapping.reference import Reference

SMALL_BATCH = 10


@dataclass(frozen=True, kw_only=True)
class MappedQuery:
    """What mapping gave.

    Attributes
    ----------
    embedding
        Query cells x dimensions, in the space of the reference.
    probabilities
        Query cells x labels of methods that predict; without columns for the others.
    genes
        Genes of the reference and whether the query has them (:class:`scbraid.mapping.genes.Aligned`).
    facts
        Content of query.json.
    """

    embedding: pd.DataFrame
    probabilities: pd.DataFrame
    genes: pd.DataFrame
    facts: dict[str, Any]


def map_onto(
    adata: AnnData, reference: Reference, *, name: str, known_batches: bool, accelerator: str, threads: int
) -> MappedQuery:
    """Map cells onto a saved reference; another order of the cells gives the same result.

    Parameters
    ----------
    adata
        Query in the form of :func:`scbraid.data.standardize.standard_form`, with ``layers["counts"]``. Its
        labels are not looked at.
    reference
        From :func:`scbraid.mapping.reference.read_reference`.
    name
        Query, for messages.
    known_batches
        As in :func:`scbraid.mapping.batches.name_batches`.
    accelerator, threads
        As in :class:`scbraid.methods.spec.Context`.

    Raises
    ------
    UserError
        A reference that this version cannot map onto, too few genes in common, or a covariate that is missing.
    ContractError
        The result is not an embedding of these cells, or ran on another device than asked.
    """
    run = reference.run
    if not maps(run.method):
        raise UserError(
            f"queries/{name}: {reference.folder} was trained with '{run.method}', which maps no query here; "
            "methods that do: " + ", ".join(filter(maps, METHODS))
        )
    _check_covariates(adata, reference, name)
    aligned = align_genes(adata, reference, name=name)
    data = _prepared(aligned.adata)
    data.obs["batch"], renamed = name_batches(adata.obs["batch"], reference.batches, known_batches=known_batches)
    data = data[np.argsort(data.obs_names.to_numpy(str), kind="stable")].copy()
    context = Context(seed=run.seed, accelerator=accelerator, threads=threads, model_dir=reference.folder)
    started = time.perf_counter()
    mapped = load_mapping(run.method)(data.copy(), context, **run.parameters)
    check_mapped(mapped, data, run, context)
    seconds = round(time.perf_counter() - started, 3)
    sizes = data.obs["batch"].value_counts().sort_index()
    facts = {
        "query": name,
        "cells": data.n_obs,
        "batches": {str(batch): int(cells) for batch, cells in sizes.items()},
        "renamed_batches": renamed,
        "reference": str(reference.folder),
        **{fact: getattr(run, field) for fact, field in FIELDS_OF_RUN.items()},
        "reference_cells": len(reference.cells),
        "reference_versions": reference.versions,
        **_about_genes(aligned),
        "device_asked": accelerator,
        "device": mapped.device,
        "threads": threads,
        "seconds": seconds,
        **{fact: mapped.facts.get(fact) for fact in ("epochs", "fraction_trained")},
        "notes": [*aligned.notes, *_notes(sizes, renamed, reference), *mapped.facts.get("notes", [])],
        "versions": software_versions(),
    }
    cells = pd.Index(adata.obs_names, name="cell")
    return MappedQuery(
        embedding=embedding_table(np.asarray(mapped.embedding), data.obs_names).loc[cells],
        probabilities=probability_table(mapped.probabilities, data.obs_names).loc[cells],
        genes=aligned.genes,
        facts=facts,
    )


def _about_genes(aligned: Aligned) -> dict[str, Any]:
    is_found = aligned.genes["status"] == "found"
    return {
        "genes": len(is_found),
        "genes_found": int(is_found.sum()),
        "genes_padded": int((~is_found).sum()),
        "overlap_percent": aligned.overlap,
        "identifiers": aligned.identifiers,
    }


def _check_covariates(adata: AnnData, reference: Reference, name: str) -> None:
    named = covariates_of({reference.run.name: {"parameters": reference.run.parameters}})
    try:
        check_covariates(adata.obs, named, name=name)
    except UserError as mistake:
        raise UserError(f"queries/{name}: the reference was trained with covariates. {mistake}") from mistake


def _prepared(adata: AnnData) -> AnnData:
    """Hide the labels, and add normalised expression to judge the result by."""
    adata.obs["label"] = pd.Categorical([None] * adata.n_obs)
    adata.X = log_normalised(adata.layers["counts"])
    adata.uns.clear()
    return adata


def _notes(sizes: pd.Series, renamed: dict[str, str], reference: Reference) -> list[str]:
    notes = [
        f"batch '{old}' is called '{new}' here, as the reference has a batch of that name"
        for old, new in renamed.items()
    ]
    small = [str(batch) for batch, cells in sizes.items() if cells < SMALL_BATCH]
    if small:
        notes.append(
            f"fewer than {SMALL_BATCH} cells in batch {', '.join(small)}: too few to learn a batch effect from"
        )
    if not reference.labelled.any():
        notes.append("the reference has no labels, so none are predicted")
    return notes
