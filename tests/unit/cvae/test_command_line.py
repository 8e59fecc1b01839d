from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbraid.cvae import CVAE
from scbraid.cvae.__main__ import main
from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad
    import pytest

SMALL = ["--n-latent", "4", "--n-hidden", "16", "--max-epochs", "3", "--accelerator", "cpu"]


def fit(data: Path, output: Path, *arguments: str) -> int:
    return main(["fit", str(data), "-o", str(output), *SMALL, *arguments])


def test_a_fit_writes_what_the_python_interface_gives(cells: ad.AnnData, tmp_path: Path) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    arguments = ["--batch-key", "batch", "--label-key", "group", "--likelihood", "nb", "--prior", "mog", "--seed", "3"]
    assert fit(tmp_path / "cells.h5ad", tmp_path / "out", *arguments) == 0
    settings = {"n_latent": 4, "n_hidden": 16, "max_epochs": 3, "prior": "mog"}
    model = CVAE(cells, batch_key="batch", label_key="group", seed=3, accelerator="cpu", **settings).fit()
    embedding = pd.read_parquet(tmp_path / "out" / "embedding.parquet")
    assert embedding.index.equals(cells.obs_names.rename("cell"))
    np.testing.assert_array_equal(embedding.to_numpy(), model.embedding())
    history = pd.read_csv(tmp_path / "out" / "history.tsv", sep="\t")
    np.testing.assert_allclose(history["loss"], model.history["loss"], rtol=1e-12)
    info = json.loads((tmp_path / "out" / "run.json").read_text())
    assert info["seed"] == 3
    assert info["parameters"]["prior"] == "mog"
    assert info["active_dimensions"] == model.run_info["active_dimensions"]
    predictions = pd.read_csv(tmp_path / "out" / "predictions.tsv", sep="\t", index_col="cell")
    assert predictions["prediction"].equals(model.predict_labels()["prediction"].rename_axis("cell"))
    assert "KL divergence" in (tmp_path / "out" / "losses.svg").read_text()
    loaded = CVAE.load(tmp_path / "out" / "model", cells, accelerator="cpu")
    assert loaded.embedding().tobytes() == model.embedding().tobytes()


def test_a_fit_without_batch_is_a_plain_model(cells: ad.AnnData, tmp_path: Path) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert fit(tmp_path / "cells.h5ad", tmp_path / "out") == 0
    plain = CVAE(cells, n_latent=4, n_hidden=16, max_epochs=3, accelerator="cpu").fit()
    written = pd.read_parquet(tmp_path / "out" / "embedding.parquet").to_numpy()
    np.testing.assert_array_equal(written, plain.embedding())
    assert not (tmp_path / "out" / "predictions.tsv").exists()


def test_a_mistake_is_one_line_and_leaves_nothing(
    cells: ad.AnnData, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert fit(tmp_path / "cells.h5ad", tmp_path / "out", "--batch-key", "btch") == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/cells.h5ad: cvae: no column 'btch' in obs; did you mean 'batch'?\n"
    )
    assert fit(tmp_path / "none.h5ad", tmp_path / "out") == 1
    assert capsys.readouterr().err == f"error: {tmp_path}/none.h5ad: no such file\n"
    assert not (tmp_path / "out").exists()


def test_it_runs_as_a_module() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "scbraid.cvae", "fit", "--help"],
        env={"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--batch-key" in finished.stdout
    assert "Peak learning rate of Adam. [0.004]" in " ".join(finished.stdout.split())
