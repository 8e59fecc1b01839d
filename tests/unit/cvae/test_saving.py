from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from scbraid.cvae import CVAE
from scbraid.errors import UserError
from unit.cvae.small_models import make, with_obs


def test_a_model_can_be_applied_to_one_cell(cells: ad.AnnData, tmp_path) -> None:
    model = make(cells, early_stopping=True).fit()
    model.save(tmp_path)
    one = CVAE.load(tmp_path, cells[7].copy(), accelerator="cpu").embedding()
    np.testing.assert_allclose(one, model.embedding()[[7]], rtol=1e-4, atol=1e-5)


def test_loading_says_what_differs(cells: ad.AnnData, tmp_path) -> None:
    make(cells).fit().save(tmp_path / "model")
    fewer = cells[:, 3:].copy()
    fewer.var_names = ["other", *fewer.var_names[1:]]
    with pytest.raises(UserError, match=r"4 of the model's 40 genes are not in the data: gene.*\(1 genes of the data"):
        CVAE.load(tmp_path / "model", fewer)
    batches = with_obs(cells, batch=["new", *cells.obs["batch"][1:]])
    with pytest.raises(UserError, match=r"obs\['batch'\] has values that the model does not know: new; it knows batch"):
        CVAE.load(tmp_path / "model", batches)
    with pytest.raises(UserError, match=r"nothing holds no model: there is no model\.json"):
        CVAE.load(tmp_path / "nothing", cells)


def test_loading_takes_other_cells_and_leaves_out_other_genes(cells: ad.AnnData, tmp_path) -> None:
    model = make(cells).fit()
    model.save(tmp_path)
    wider = ad.concat(
        [cells, ad.AnnData(cells.X[:, :2], obs=cells.obs, var=pd.DataFrame(index=["new1", "new2"]))], axis=1
    )
    wider.obs = cells.obs.copy()
    some = wider[40:70].copy()
    np.testing.assert_allclose(
        CVAE.load(tmp_path, some, accelerator="cpu").embedding(), model.embedding()[40:70], rtol=1e-4, atol=1e-5
    )
