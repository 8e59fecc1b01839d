"""A reference and a query made of the demo data. Change neither without putting it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest

from scbraid.data.standardize import standardize
from scbraid.mapping.joint import joint_layout
from unit.mapping.onto_demo import N_LEFT_OUT, mapping, train

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from scbraid.mapping.map_onto import MappedQuery
    from scbraid.mapping.reference import Reference


@pytest.fixture(scope="session")
def reference(demo_standard: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return train(demo_standard, tmp_path_factory.mktemp("cvae"), "cvae", max_epochs=60)


@pytest.fixture(scope="session")
def query(demo_standard: AnnData, reference: Reference) -> AnnData:
    """193 cells in two batches, without 30 genes of the reference."""
    cells = demo_standard[demo_standard.obs["batch"] == "pbmc10k_v3"]
    kept = ~cells.var_names.isin(reference.genes[:N_LEFT_OUT])
    source = ad.AnnData(cells.layers["counts"][:, kept], obs=cells.obs[["label"]].copy(), var=cells.var[kept])
    source.obs["sample"] = np.where(np.arange(cells.n_obs) % 2, "odd", "even")
    return standardize(source, source="q.h5ad", batch="sample", label="label", query="q")


@pytest.fixture(scope="session")
def mapped(query: AnnData, reference: Reference) -> MappedQuery:
    return mapping(query, reference)


@pytest.fixture(scope="session")
def layout(mapped: MappedQuery, reference: Reference) -> pd.DataFrame:
    return joint_layout(mapped.embedding, reference)
