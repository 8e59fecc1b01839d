"""Training that belongs to a task never sees the labels (or the cells) that are held out; a planted leak is caught."""

from __future__ import annotations

import tempfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from scbraid.methods.registry import parameter_schema
from scbraid.methods.spec import Run
from scbraid.transfer.folds import Folds, train_folds
from scbraid.transfer.predict import predict
from scbraid.transfer.tasks import assign_roles

if TYPE_CHECKING:
    from anndata import AnnData

TINY = {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 2}

HONEST = """
    import numpy as np
    import pandas as pd
    from scbraid.methods import Result

    METHOD = {"trains": True, "needs_labels": True, "predicts": True, "stochastic": False}

    def honest(adata, context):
        labels = adata.obs["label"]
        shares = pd.DataFrame(0.1, index=adata.obs_names, columns=labels.cat.categories)
        shares[labels.cat.categories[0]] += labels.isna().mean()
        return Result(embedding=adata.obsm["X_pca"], probabilities=shares.div(shares.sum(axis=1), axis=0))
"""

# Has kept the labels from elsewhere, and gives them away.
LEAK = """
    import anndata as ad
    import pandas as pd
    from scbraid.methods import Result

    METHOD = {"trains": True, "needs_labels": True, "predicts": True, "stochastic": False}

    def leak(adata, context, *, file=""):
        truth = pd.read_parquet(file)["label"].loc[adata.obs_names]
        return Result(embedding=adata.obsm["X_pca"], probabilities=pd.get_dummies(truth).astype(float))
"""


def method(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.py"
    path.write_text(dedent(text))
    return str(path)


def folds(
    adata: AnnData,
    cells: pd.DataFrame,
    name: str,
    *,
    maps: bool = False,
    checkpoints: Path | None = None,
    **parameters: Any,
) -> Folds:
    defaults = {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()}
    run = Run(name="r", method=name, parameters=defaults | parameters, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        place = checkpoints or Path(folder)
        return train_folds(adata, cells, place, run, accelerator="cpu", threads=1, maps=maps)


def shuffled_labels(adata: AnnData, batch: str) -> AnnData:
    """The same data with other labels in one batch."""
    other = adata.copy()
    chosen = (other.obs["batch"] == batch).to_numpy()
    labels = other.obs["label"].to_numpy().copy()
    labels[chosen] = np.random.default_rng(0).permutation(labels[chosen])
    other.obs["label"] = pd.Categorical(labels, categories=adata.obs["label"].cat.categories)
    return other


def predicted(adata: AnnData, name: str, held_out: str, **options: Any) -> pd.DataFrame:
    cells = assign_roles(adata.obs, query=[held_out], reference=None, name="d")
    trained = folds(adata, cells, name, **options)
    assert trained.facts["failed"] is None
    found = predict(cells, classifier="head", embedding=trained.embedding, probabilities=trained.probabilities)
    return found.drop(columns=["truth", "seen"])


def sees_hidden_labels(adata: AnnData, name: str, **options: Any) -> bool:
    """Whether other labels of held-out cells change what is predicted for them."""
    held_out = "pbmc10k_v3"
    first = predicted(adata, name, held_out, **options)
    return not first.equals(predicted(shuffled_labels(adata, held_out), name, held_out, **options))


@pytest.mark.parametrize("maps", [False, True])
def test_labels_of_held_out_cells_are_hidden_from_a_trained_method(maps: bool, demo_hvg: AnnData) -> None:
    assert not sees_hidden_labels(demo_hvg, "cvae_labels", maps=maps, **TINY)


def test_planted_leak_is_caught(demo_hvg: AnnData, tmp_path: Path) -> None:
    assert not sees_hidden_labels(demo_hvg, method(tmp_path, "honest", HONEST))
    leak = method(tmp_path, "leak", LEAK)
    predictions = []
    for data in (demo_hvg, shuffled_labels(demo_hvg, "pbmc10k_v3")):
        data.obs[["label"]].astype(object).to_parquet(tmp_path / "labels.parquet")
        predictions.append(predicted(data, leak, "pbmc10k_v3", file=str(tmp_path / "labels.parquet")))
    assert not predictions[0].equals(predictions[1])


def test_each_batch_is_hidden_in_its_own_training(demo_hvg: AnnData, tmp_path: Path) -> None:
    cells = assign_roles(demo_hvg.obs, query="each_batch", reference=None, name="d")
    trained = folds(demo_hvg, cells, method(tmp_path, "honest", HONEST))
    sizes = demo_hvg.obs["batch"].value_counts()
    assert list(trained.facts["tasks"]) == sorted(sizes.index)
    for task, every in trained.probabilities.groupby(level="task"):
        known = cells["label"][cells["task"] != task].astype("category").cat.categories
        table = every.dropna(axis=1)
        assert list(table) == list(known)
        hidden = sizes[task] / sizes.sum()
        assert table.iloc[0, 0] == pytest.approx((0.1 + hidden) / (0.1 * len(known) + hidden), rel=1e-4)


def test_mapping_trains_on_the_reference_alone(demo_hvg: AnnData) -> None:
    cells = assign_roles(demo_hvg.obs, query=["pbmc5k_v3"], reference=["pbmc68k_v1"], name="d")
    settings = TINY | {"encode_covariates": True}
    trained = folds(demo_hvg, cells, "cvae", maps=True, **settings)
    batch = demo_hvg.obs["batch"]
    expected = [*batch.index[batch == "pbmc68k_v1"], *batch.index[batch == "pbmc5k_v3"]]
    assert list(trained.embedding.loc["query"].index) == expected
    assert trained.embedding.shape[1] == 5
    assert 0 < trained.facts["tasks"]["query"]["fraction_trained"] < 0.1
    changed = demo_hvg.copy()
    other = (batch == "pbmc10k_v3").to_numpy()
    changed.layers["counts"] = changed.layers["counts"].multiply(np.where(other, 3, 1)[:, None]).tocsr()
    pd.testing.assert_frame_equal(folds(changed, cells, "cvae", maps=True, **settings).embedding, trained.embedding)


# Ended from outside once, in the second training.
INTERRUPTED = """
    import pandas as pd
    from scbraid.methods import Result

    METHOD = {"trains": True, "needs_labels": True, "stochastic": False}

    def interrupted(adata, context):
        done = context.checkpoint_dir / "done"
        before = sorted(context.checkpoint_dir.parent.glob("*/done"))
        print(done.exists(), len(before), len(list(context.model_dir.iterdir())))
        (context.model_dir / "weights").touch()
        mark = context.checkpoint_dir.parent.parent / "mark"
        if len(before) == 1 and not mark.exists():
            mark.touch()
            raise KeyboardInterrupt
        done.touch()
        return Result(embedding=adata.obsm["X_pca"])
"""


def test_checkpoint_of_every_task_outlives_an_interruption(
    demo_hvg: AnnData, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cells = assign_roles(demo_hvg.obs, query="each_batch", reference=None, name="d")
    name, checkpoints = method(tmp_path, "interrupted", INTERRUPTED), tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        folds(demo_hvg, cells, name, checkpoints=checkpoints)
    assert capsys.readouterr().out == "False 0 0\nFalse 1 0\n"
    assert folds(demo_hvg, cells, name, checkpoints=checkpoints).facts["failed"] is None
    assert capsys.readouterr().out == "True 1 0\nFalse 1 0\nFalse 2 0\n"


def test_finished_tasks_are_not_trained_again(
    demo_hvg: AnnData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cells = assign_roles(demo_hvg.obs, query="each_batch", reference=None, name="d")
    first, again = (folds(demo_hvg, cells, "cvae_labels", checkpoints=tmp_path, **TINY) for _ in range(2))
    pd.testing.assert_frame_equal(first.embedding, again.embedding)
    pd.testing.assert_frame_equal(first.probabilities, again.probabilities)
    with caplog.at_level("INFO"):
        changed = shuffled_labels(demo_hvg, "pbmc5k_v3")
        other = assign_roles(changed.obs, query="each_batch", reference=None, name="d")
        folds(changed, other, "cvae_labels", checkpoints=tmp_path, **TINY)
    discarded = [line for line in caplog.messages if line.endswith("with other data: starting afresh")]
    assert len(discarded) == 2
    assert len([line for line in caplog.messages if line.startswith("going on after epoch 2")]) == 1


def test_failed_training_predicts_nothing_and_says_why(demo_hvg: AnnData, tmp_path: Path) -> None:
    broken = """
    METHOD = {"needs_labels": True}
    def broken(adata, context):
        raise ArithmeticError("the loss is not finite")
    """
    cells = assign_roles(demo_hvg.obs, query="each_batch", reference=None, name="d")
    trained = folds(demo_hvg, cells, method(tmp_path, "broken", broken))
    reason = "ArithmeticError: the loss is not finite"
    assert trained.facts["failed"] == "; ".join(f"{task}: {reason}" for task in sorted(cells["task"].unique()))
    assert trained.facts["tasks"] == {}
    found = predict(cells, classifier="knn", embedding=trained.embedding, probabilities=trained.probabilities)
    assert found.empty
