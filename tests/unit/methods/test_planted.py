"""Planted batches and groups: every method mixes the ones, keeps the others, and looks at no order of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scbraid.methods.registry import METHODS
from unit.cvae.simulated import own_among_neighbors
from unit.methods.running import PLANTED_PARAMETERS, correlation_of_distances, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

    from scbraid.methods.spec import Result
    from unit.methods.running import Trained

pytestmark = pytest.mark.slow

CORRECT = [name for name, method in METHODS.items() if not method.is_control and name != "pca"]
TOLERANCE = {
    # exact up to rounding
    "combat": 0.99999,
    "scanorama": 0.99999,
    "harmony": 0.95,  # draws its first clusters from the cells in their order
    "scvi": 0.95,
    "scanvi": 0.95,
    "linear_scvi": 0.95,
    "mrvi": 0.95,
    "sysvi": 0.6,  # its prior starts at cells that are drawn, so that groups keep together but lie elsewhere
}


@pytest.mark.parametrize("name", CORRECT)
def test_planted_batches_are_mixed_and_planted_groups_kept(
    name: str, trained: Callable[[str], Trained], planted: AnnData
) -> None:
    before = own_among_neighbors(planted.obsm["X_pca"], planted.obs["batch"])
    result = trained(name).result
    assert before > 0.9
    assert own_share(result, planted.obs["batch"]) < 0.5
    assert own_share(result, planted.obs["group"]) > 0.9


def own_share(result: Result, names: pd.Series) -> float:
    if result.neighbors is None:
        return own_among_neighbors(result.embedding, names)
    own = names.to_numpy()
    return float((own[result.neighbors.indices[:, :15]] == own[:, None]).mean())


#: scvi is trained for less long here: the longer, the more its result depends on the order of minibatches
PERMUTED = PLANTED_PARAMETERS | {"scvi": {"n_latent": 5, "n_layers": 1, "batch_size": 32, "max_epochs": 20}}


@pytest.mark.parametrize("name", TOLERANCE)
def test_permuted_cells_have_permuted_neighbors(
    name: str, trained: Callable[[str], Trained], planted: AnnData, tmp_path: Path
) -> None:
    order = np.random.default_rng(0).permutation(planted.n_obs)
    parameters = PERMUTED.get(name, {})
    if parameters == PLANTED_PARAMETERS.get(name, {}):
        straight = trained(name).result.embedding[order]
    else:
        straight = run(name, planted, model_dir=tmp_path / "straight", **parameters).embedding[order]
    permuted = run(name, planted[order], model_dir=tmp_path / "permuted", **parameters).embedding
    assert correlation_of_distances(straight, permuted) > TOLERANCE[name]
    assert own_among_neighbors(permuted, planted.obs["label"].iloc[order]) > 0.9
