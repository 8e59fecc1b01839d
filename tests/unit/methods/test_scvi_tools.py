"""The methods from scvi-tools: what their parameters do, what they save, and query mapping."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scvi
import torch
from sklearn.neighbors import KNeighborsClassifier

from in_memory import standardize
from scbraid.errors import UserError
from scbraid.methods.families import scvi_surgery as scvi_query
from scbraid.methods.registry import load, load_mapping, parameter_schema
from scbraid.methods.spec import Context, Mapped, Result
from scbraid.preprocess.features import select_features
from unit.cvae.simulated import own_among_neighbors, simulate
from unit.methods.running import PLANTED_PARAMETERS, correlation_of_distances

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

CLASSES = {
    "scvi": scvi.model.SCVI,
    "scanvi": scvi.model.SCANVI,
    "linear_scvi": scvi.model.LinearSCVI,
    "sysvi": scvi.external.SysVI,
    "mrvi": scvi.external.TorchMRVI,
}
SMALL = {"n_hidden": 16, "n_latent": 5, "n_layers": 1, "max_epochs": 2}
TINY: dict[str, dict[str, Any]] = {
    "scvi": SMALL,
    "scanvi": SMALL | {"max_epochs_scanvi": 2},
    "linear_scvi": SMALL,
    "sysvi": SMALL,
    "mrvi": {"encoder_n_hidden": 16, "encoder_n_layers": 1, "n_latent": 6, "n_latent_u": 5, "max_epochs": 2},
}
SHORT: dict[str, dict[str, Any]] = {
    "scvi": {"n_latent": 5, "n_layers": 1, "batch_size": 32, "max_epochs": 20},
    "scanvi": {"n_latent": 5, "n_layers": 1, "batch_size": 32, "max_epochs": 15, "max_epochs_scanvi": 5},
    "linear_scvi": {"n_latent": 4, "n_hidden": 32, "batch_size": 32, "lr": 0.01, "max_epochs": 20},
}
COVARIATES = {"categorical_covariates": ["sex"], "continuous_covariates": ["age"]}
QUERY_BATCH = "batch2"


def parameters(name: str, **changed: Any) -> dict[str, Any]:
    return {key: entry["default"] for key, entry in parameter_schema(name)["properties"].items()} | changed


def context(folder: Path, accelerator: str = "cpu") -> Context:
    folder.mkdir(exist_ok=True, parents=True)
    return Context(seed=0, accelerator=accelerator, threads=1, model_dir=folder)


def run(name: str, adata: AnnData, folder: Path, *, accelerator: str = "cpu", **changed: Any) -> Result:
    chosen = parameters(name, **TINY[name] | changed)
    return load(name)[0](adata.copy(), context(folder, accelerator), **chosen)


def map_onto(name: str, adata: AnnData, folder: Path, **changed: Any) -> Mapped:
    query = adata.copy()
    query.obs["label"] = query.obs["label"].cat.set_categories([])
    return load_mapping(name)(query, context(folder), **parameters(name, **changed))


@pytest.fixture(scope="module")
def demo(demo_hvg: AnnData) -> AnnData:
    """Every third cell of the demo data, with covariates."""
    few = demo_hvg[::3].copy()
    rng = np.random.default_rng(0)
    few.obs["sex"] = rng.choice(["f", "m"], few.n_obs)
    few.obs["age"] = rng.normal(50, 10, few.n_obs)
    return few


@pytest.fixture(scope="module")
def planted() -> AnnData:
    """Four groups of cells in three batches that shift every gene; the groups are the labels."""
    standard = standardize(simulate(600, 150, batch_effect=0.5), source="planted", batch="batch", label="group")
    return select_features(standard, name="planted", n_top_genes=150)[0]


@pytest.fixture(scope="module")
def finished(demo: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Result, Path]]:
    """Result and model folder of a method, trained at the first call."""
    base = tmp_path_factory.mktemp("models")
    return cache(lambda name: (run(name, demo, base / name), base / name))


@pytest.fixture(scope="module")
def references(planted: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Result, Path]]:
    """Result and model folder of a method that maps, trained on all batches but the query."""
    reference, base = planted[planted.obs["batch"] != QUERY_BATCH], tmp_path_factory.mktemp("references")
    return cache(lambda name: (run(name, reference, base / name, **SHORT[name], encode_covariates=True), base / name))


@pytest.mark.parametrize("name", CLASSES)
def test_result_and_history(name: str, finished: Callable[[str], tuple[Result, Path]], demo: AnnData) -> None:
    result, _ = finished(name)
    assert result.embedding.shape == (demo.n_obs, 5)
    assert np.isfinite(result.embedding).all()
    assert result.device == "cpu"
    more = {"scanvi": ["stage", "classification"], "sysvi": ["cycle"]}.get(name, [])
    assert list(result.history) == ["epoch", "loss", "reconstruction", "kl", *more]
    stages = 2 if name == "scanvi" else 1
    assert list(result.history["epoch"]) == list(range(1, 2 * stages + 1))
    assert (np.diff(result.history["loss"])[::2] < 0).all()
    assert result.facts["epochs"] == 2 * stages


@pytest.mark.parametrize("name", CLASSES)
def test_saved_model_gives_the_same_embedding(
    name: str, finished: Callable[[str], tuple[Result, Path]], demo: AnnData
) -> None:
    result, folder = finished(name)
    data = demo.copy()
    data.obs["label"] = data.obs["label"].cat.add_categories("unlabelled").fillna("unlabelled")
    model = CLASSES[name].load(str(folder), adata=data, accelerator="cpu")
    np.testing.assert_allclose(model.get_latent_representation(), result.embedding, atol=1e-5)
    assert result.facts["n_parameters"] == sum(weights.numel() for weights in model.module.parameters())


@pytest.mark.parametrize("name", CLASSES)
def test_same_seed_gives_the_same_bytes(
    name: str, finished: Callable[[str], tuple[Result, Path]], demo: AnnData, tmp_path: Path
) -> None:
    again = run(name, demo, tmp_path)
    assert again.embedding.tobytes() == finished(name)[0].embedding.tobytes()


@pytest.mark.parametrize("name", CLASSES)
def test_bf16_is_near_float32(
    name: str, finished: Callable[[str], tuple[Result, Path]], demo: AnnData, tmp_path: Path
) -> None:
    exact, rounded = finished(name)[0], run(name, demo, tmp_path, precision="bf16")
    assert not np.array_equal(exact.embedding, rounded.embedding)
    np.testing.assert_allclose(rounded.history["loss"], exact.history["loss"], rtol=0.02)
    assert rounded.embedding.dtype == np.float32


@pytest.mark.parametrize("name", CLASSES)
def test_early_stopping_looks_at_held_out_cells(name: str, demo: AnnData, tmp_path: Path) -> None:
    history = run(name, demo, tmp_path, early_stopping=True).history
    validation = history[["validation_loss", "validation_reconstruction", "validation_kl"]]
    assert validation[:2].notna().all(axis=None)
    assert history["validation_loss"][1] < history["validation_loss"][0]


def test_early_stopping_stops(demo: AnnData, tmp_path: Path) -> None:
    result = run("scvi", demo[::6], tmp_path, early_stopping=True, lr=1e-9, max_epochs=1000)
    assert 45 < result.facts["epochs"] == len(result.history) < 1000


@pytest.mark.parametrize(("name", "n_seeing"), [("scvi", 16), ("scanvi", 16), ("sysvi", 16 + 16 + 5)])
def test_covariates_add_weights(
    name: str, n_seeing: int, finished: Callable[[str], tuple[Result, Path]], demo: AnnData, tmp_path: Path
) -> None:
    """Two sexes and age are seen by the decoder's first layer, and of SysVI by encoder and components of the prior."""
    grown = run(name, demo, tmp_path, **COVARIATES).facts["n_parameters"] - finished(name)[0].facts["n_parameters"]
    assert grown == 3 * n_seeing


def test_encoded_covariates_add_weights(
    finished: Callable[[str], tuple[Result, Path]], demo: AnnData, tmp_path: Path
) -> None:
    """A column for every batch in the encoder of cells, and in the unused one of library sizes."""
    grown = run("scvi", demo, tmp_path, encode_covariates=True).facts["n_parameters"]
    n_batches = demo.obs["batch"].nunique()
    assert grown - finished("scvi")[0].facts["n_parameters"] == 2 * n_batches * 16


@pytest.mark.parametrize("name", ["scvi", "scanvi"])
def test_minified_model_needs_no_data(
    name: str, finished: Callable[[str], tuple[Result, Path]], demo: AnnData, tmp_path: Path
) -> None:
    result = run(name, demo, tmp_path, save_minified=True)
    model = CLASSES[name].load(str(tmp_path), accelerator="cpu")
    assert model.adata.layers["counts"].nnz == 0
    np.testing.assert_allclose(model.get_latent_representation(), result.embedding, atol=1e-5)
    few, (plain, folder) = demo[:50], finished(name)
    mapped = map_onto(name, few, tmp_path, max_epochs_query=1).embedding
    np.testing.assert_allclose(mapped, plain.embedding[:50], atol=1e-5)
    np.testing.assert_allclose(mapped, map_onto(name, few, folder, max_epochs_query=1).embedding, atol=1e-5)


def test_probabilities_of_labels(finished: Callable[[str], tuple[Result, Path]], demo: AnnData) -> None:
    probabilities = finished("scanvi")[0].probabilities
    assert list(probabilities.index) == list(demo.obs_names)
    assert list(probabilities) == list(demo.obs["label"].cat.categories)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_hidden_labels_cannot_matter(demo: AnnData, tmp_path: Path) -> None:
    is_query = (demo.obs["batch"] == demo.obs["batch"].cat.categories[0]).to_numpy()
    answers = []
    for hidden_label in (demo.obs["label"].cat.categories[0], "a label of query cells only"):
        data = demo.copy()
        data.obs["label"] = data.obs["label"].astype(object).where(~is_query, hidden_label).astype("category")
        data.obs.loc[is_query, "label"] = np.nan
        answers.append(run("scanvi", data, tmp_path))
    assert "unlabelled" not in answers[0].probabilities
    assert answers[0].embedding.tobytes() == answers[1].embedding.tobytes()
    assert answers[0].probabilities.equals(answers[1].probabilities)


def test_scanvi_trains_where_the_last_minibatch_would_hold_one_cell(demo: AnnData, tmp_path: Path) -> None:
    few = demo[:65].copy()
    few.obs.loc[few.obs_names[33:], "label"] = np.nan
    assert run("scanvi", few, tmp_path, batch_size=64, n_samples_per_label=None).history["loss"].notna().all()
    assert run("scanvi", few, tmp_path, batch_size=32, linear_classifier=True).history["loss"].notna().all()


def test_samples_per_label(planted: AnnData, tmp_path: Path) -> None:
    """Ten cells of every label teach an epoch enough to tell the planted groups apart."""
    sampled = run("scanvi", planted, tmp_path, **SHORT["scanvi"], n_samples_per_label=10)
    assert (sampled.probabilities.idxmax(axis=1) == planted.obs["label"]).mean() > 0.99


PERMUTED = SHORT | {
    "sysvi": PLANTED_PARAMETERS["sysvi"],
    "mrvi": {"n_latent": 8, "n_latent_u": 5, "encoder_n_hidden": 32, "batch_size": 32, "max_epochs": 15},
}


@pytest.mark.parametrize("name", PERMUTED)
def test_permuted_cells_have_permuted_neighbors(name: str, planted: AnnData, tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(planted.n_obs)
    straight = run(name, planted, tmp_path, **PERMUTED[name]).embedding[order]
    permuted = run(name, planted[order], tmp_path, **PERMUTED[name]).embedding
    # SysVI's prior starts at cells that are drawn, so that groups keep together but lie elsewhere
    assert correlation_of_distances(straight, permuted) > (0.6 if name == "sysvi" else 0.95)
    assert own_among_neighbors(permuted, planted.obs["label"].iloc[order]) > 0.9


@pytest.mark.parametrize("name", ["scvi", "scanvi"])
def test_mapped_cells_land_with_their_own_group(
    name: str, references: Callable[[str], tuple[Result, Path]], planted: AnnData
) -> None:
    result, folder = references(name)
    is_query = (planted.obs["batch"] == QUERY_BATCH).to_numpy()
    mapped = map_onto(name, planted[is_query], folder, **SHORT[name], encode_covariates=True, max_epochs_query=20)
    assert mapped.embedding.shape == (is_query.sum(), 5)
    assert mapped.facts["epochs"] == 20
    # one new column of 16 units in one layer each of encoder and decoder
    assert mapped.facts["fraction_trained"] == 2 * 16 / mapped.facts["n_parameters"] < 0.1
    groups = planted.obs["label"].astype(str)
    nearest = KNeighborsClassifier(15).fit(result.embedding, groups[~is_query]).predict(mapped.embedding)
    assert (nearest == groups[is_query]).mean() > 0.9
    if name == "scanvi":
        assert (mapped.probabilities.idxmax(axis=1) == groups[is_query]).mean() > 0.9
        np.testing.assert_allclose(mapped.probabilities.sum(axis=1), 1, atol=1e-5)
        assert list(mapped.probabilities) == list(result.probabilities)


@pytest.mark.parametrize("name", ["scvi", "scanvi"])
def test_known_batches_need_no_training(
    name: str, references: Callable[[str], tuple[Result, Path]], planted: AnnData
) -> None:
    result, folder = references(name)
    known = planted[planted.obs["batch"] != QUERY_BATCH]
    mapped = map_onto(name, known, folder, **SHORT[name], encode_covariates=True)
    assert mapped.facts["epochs"] == mapped.facts["fraction_trained"] == 0
    np.testing.assert_allclose(mapped.embedding, result.embedding, atol=1e-5)


def test_encoder_that_sees_no_batch_needs_no_training(demo: AnnData, tmp_path: Path) -> None:
    is_query = (demo.obs["batch"] == demo.obs["batch"].cat.categories[0]).to_numpy()
    run("scvi", demo[~is_query], tmp_path)
    mapped = map_onto("scvi", demo[is_query], tmp_path)
    assert mapped.facts["epochs"] == mapped.facts["fraction_trained"] == 0
    model = scvi.model.SCVI.load(str(tmp_path), adata=demo[~is_query].copy(), accelerator="cpu")
    with torch.inference_mode():
        counts = torch.from_numpy(demo[is_query].layers["counts"].toarray())
        posterior, _ = model.module.z_encoder(torch.log1p(counts))
    np.testing.assert_allclose(mapped.embedding, posterior.loc.numpy(), atol=1e-5)


@pytest.mark.parametrize("n_known", [1, 2])
def test_surgery_leaves_what_is_known(n_known: int, demo: AnnData, tmp_path: Path) -> None:
    """Known cells among the query stay where they were, whatever columns the new batch and covariate bring."""
    batches = demo.obs["batch"].cat.categories
    known = (demo.obs["batch"].isin(batches[:n_known]) & (demo.obs["sex"] == "f")).to_numpy()
    chosen = {"encode_covariates": True, "dispersion": "gene-batch", **COVARIATES}
    result = run("scvi", demo[known], tmp_path, **chosen)
    saved = (tmp_path / "model.pt").read_bytes()
    settings = parameters("scvi", **chosen, max_epochs_query=3, lr=0.1)
    model, facts = scvi_query.surgery(scvi.model.SCVI, demo.copy(), context(tmp_path), settings, method="scvi")
    embedding = model.get_latent_representation()
    np.testing.assert_allclose(embedding[known], result.embedding, atol=1e-5)
    assert (tmp_path / "model.pt").read_bytes() == saved
    assert 0 < facts["fraction_trained"] < 0.1
    untrained, _ = scvi_query.surgery(
        scvi.model.SCVI, demo.copy(), context(tmp_path), settings | {"max_epochs_query": 1, "lr": 1e-12}, method="scvi"
    )
    assert np.abs(untrained.get_latent_representation() - embedding)[~known].max() > 0.1


@pytest.mark.parametrize(
    ("key", "column", "message"),
    [
        ("categorical_covariates", "sexe", "'sexe' is no column of obs in 'the data', did you mean 'sex'"),
        ("categorical_covariates", "gaps", "'gaps' has 1 missing values in 'the data'"),
        ("continuous_covariates", "sex", "'sex' holds text in 'the data'; a continuous covariate is numeric"),
    ],
)
def test_covariates_that_cannot_be(key: str, column: str, message: str, demo: AnnData, tmp_path: Path) -> None:
    data = demo.copy()
    data.obs["gaps"] = ["x"] * (data.n_obs - 1) + [None]
    with pytest.raises(UserError, match=f"^config: methods/scvi/{key}: {message}"):
        run("scvi", data, tmp_path, **{key: [column]})


@pytest.mark.parametrize("n_labels", [0, 1])
def test_scanvi_needs_two_labels(n_labels: int, demo: AnnData, tmp_path: Path) -> None:
    data = demo.copy()
    data.obs["label"] = data.obs["label"].cat.set_categories(data.obs["label"].cat.categories[:n_labels])
    with pytest.raises(UserError, match=rf"^scanvi: the cells have {n_labels} different labels and it needs 2; "):
        run("scanvi", data, tmp_path)


def test_sysvi_needs_two_batches(demo: AnnData, tmp_path: Path) -> None:
    one = demo[demo.obs["batch"] == demo.obs["batch"].iloc[0]]
    with pytest.raises(UserError, match=r"^sysvi: the data have one batch"):
        run("sysvi", one, tmp_path)


@pytest.mark.parametrize("name", CLASSES)
def test_gpu_asked_for_where_there_is_none(name: str, demo: AnnData, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UserError, match=f"^{name}: accelerator is 'gpu', but torch finds no CUDA device"):
        run(name, demo, tmp_path, accelerator="gpu")
