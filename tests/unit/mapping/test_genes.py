"""Genes of a query on those of its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from scbraid.errors import UserError
from scbraid.mapping.genes import align_genes
from scbraid.mapping.reference import Reference, read_reference, write_reference
from scbraid.methods.spec import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData

    from scbraid.mapping.genes import Aligned

N_CELLS, N_GENES = 6, 20
SYMBOLS = [f"GENE{i}" for i in range(N_GENES)]
HUMAN = [f"ENSG{i:011d}" for i in range(N_GENES)]
MOUSE = [f"ENSMUSG{i:011d}" for i in range(N_GENES)]
VERSIONED = [f"{name}.{i % 7 + 1}" for i, name in enumerate(HUMAN)]


def query(names: list[str], **columns: Any) -> AnnData:
    """Cells whose count of the i-th gene is i + 1 in every cell but the first, which is empty."""
    counts = np.tile(np.arange(1, len(names) + 1, dtype=np.float32), (N_CELLS, 1))
    counts[0] = 0
    adata = ad.AnnData(obs=pd.DataFrame({"batch": "b"}, index=[f"c{i}" for i in range(N_CELLS)]))
    adata = ad.AnnData(obs=adata.obs, var=pd.DataFrame(columns, index=names))
    adata.layers["counts"] = sparse.csr_matrix(counts)
    return adata


@pytest.fixture
def reference(tmp_path: Any) -> Callable[..., Reference]:
    def make(names: list[str], **columns: Any) -> Reference:
        adata = ad.AnnData(
            np.ones((2, len(names)), dtype=np.float32), obs={"batch": ["x", "y"]}, var=pd.DataFrame(columns, names)
        )
        run = Run(name="r", method="cvae", parameters={}, seed=0)
        write_reference(tmp_path, adata, np.ones((2, 2)), run, versions={})
        return read_reference(tmp_path)

    return make


def counts_of(aligned: Aligned) -> list[float]:
    """Counts of a cell that is not empty."""
    counts = aligned.adata.layers["counts"]
    assert isinstance(counts, sparse.csr_matrix)
    assert counts.dtype == np.float32
    assert counts.has_sorted_indices
    assert counts[0].nnz == 0
    return counts[1].toarray()[0].tolist()


def test_order_is_that_of_the_reference_and_missing_genes_are_zero(reference: Callable[..., Reference]) -> None:
    have = [*SYMBOLS[:17], "OTHER"]
    aligned = align_genes(query(have), reference(SYMBOLS[::-1]), name="q")
    assert list(aligned.adata.var_names) == SYMBOLS[::-1]
    assert counts_of(aligned) == [0, 0, 0, *range(17, 0, -1)]
    assert list(aligned.genes["gene"]) == SYMBOLS[::-1]
    assert list(aligned.genes["status"]) == ["padded"] * 3 + ["found"] * 17
    assert list(aligned.genes["query_gene"]) == ["", "", "", *SYMBOLS[16::-1]]
    assert aligned.overlap == 85.0
    assert aligned.notes == ["1 cells have no count in the reference's genes; their place and labels mean nothing"]
    assert list(aligned.adata.obs["batch"]) == ["b"] * N_CELLS


@pytest.mark.parametrize(("n_genes", "warned"), [(16, False), (15, True), (4, True)])
def test_small_overlap_is_noted(n_genes: int, warned: bool, reference: Callable[..., Reference]) -> None:
    notes = align_genes(query(SYMBOLS[:n_genes]), reference(SYMBOLS), name="q").notes
    assert any("the mapping is less certain" in note for note in notes) == warned
    if n_genes == 15:
        assert notes[0].startswith("5 of the reference's 20 genes (25%) are not in the data and count as zero")


@pytest.mark.parametrize(
    ("own", "others", "identifiers"),
    [
        ({"names": HUMAN, "symbol": SYMBOLS}, {"names": SYMBOLS}, "symbol of the query, gene names of the reference"),
        ({"names": SYMBOLS, "id": HUMAN}, {"names": HUMAN}, "id of the query, gene names of the reference"),
        ({"names": HUMAN}, {"names": SYMBOLS, "ids": HUMAN}, "gene names of the query, ids of the reference"),
        ({"names": VERSIONED}, {"names": SYMBOLS, "ids": HUMAN}, "gene names of the query, ids of the reference"),
        ({"names": VERSIONED}, {"names": HUMAN}, "gene names of the query, gene names of the reference"),
        ({"names": HUMAN}, {"names": VERSIONED}, "gene names of the query, gene names of the reference"),
        (
            {"names": [f"x{i}" for i in range(N_GENES)], "id": VERSIONED},
            {"names": SYMBOLS, "ids": HUMAN},
            "id of the query, ids of the reference",
        ),
    ],
)
def test_identifiers_that_find_most_genes_are_taken(
    own: dict[str, Any], others: dict[str, Any], identifiers: str, reference: Callable[..., Reference]
) -> None:
    aligned = align_genes(query(**own), reference(**others), name="q")
    assert aligned.overlap == 100.0
    assert aligned.identifiers == identifiers
    assert counts_of(aligned) == list(range(1, N_GENES + 1))
    said = "genes were matched by " + identifiers.replace(", ", " and ")
    assert (said in aligned.notes) == (identifiers != "gene names of the query, gene names of the reference")


def test_names_are_preferred_where_a_column_finds_no_more(reference: Callable[..., Reference]) -> None:
    aligned = align_genes(query(SYMBOLS, copy=SYMBOLS[::-1]), reference(SYMBOLS), name="q")
    assert counts_of(aligned) == list(range(1, N_GENES + 1))


def test_gene_with_two_candidates_is_padded(reference: Callable[..., Reference]) -> None:
    symbols = [*SYMBOLS[:-1], SYMBOLS[0]]
    aligned = align_genes(query(HUMAN, symbol=symbols), reference(SYMBOLS), name="q")
    assert counts_of(aligned) == [0, *range(2, N_GENES), 0]
    assert "1 genes are padded because several genes of the query have their identifier" in aligned.notes


@pytest.mark.parametrize(
    ("own", "others", "hint"),
    [
        (
            HUMAN,
            SYMBOLS,
            "its genes are Ensembl identifiers ('ENSG00000000000'), those of the reference symbols ('GENE0'): "
            "add a column with symbols to var",
        ),
        (SYMBOLS, VERSIONED, "add a column with Ensembl identifiers to var"),
        (MOUSE, HUMAN, "the data have mouse (Ensembl) genes, the reference has human (Ensembl) ones"),
        (
            [name.capitalize() for name in SYMBOLS],
            SYMBOLS,
            "100% are when upper and lower case are not told apart ('Gene0', 'GENE0')",
        ),
        ([f"x{i}" for i in range(9)], SYMBOLS, "its genes look like 'x0', those of the reference like 'GENE0'"),
    ],
)
def test_too_few_common_genes_are_refused_with_a_hint(
    own: list[str], others: list[str], hint: str, reference: Callable[..., Reference]
) -> None:
    with pytest.raises(UserError) as caught:
        align_genes(query(own), reference(others), name="q")
    message = str(caught.value)
    assert message.startswith(
        "queries/q: only 0 of the reference's 20 genes (0%) are in the data, at least 20% are needed"
    )
    assert hint in message
    assert len(message.splitlines()) == 1


def test_fewer_than_a_fifth_of_the_genes_is_too_few(reference: Callable[..., Reference]) -> None:
    with pytest.raises(UserError, match="only 3 of the reference's 20 genes"):
        align_genes(query(SYMBOLS[:3]), reference(SYMBOLS), name="q")
