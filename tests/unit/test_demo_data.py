from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbraid.errors import UserError
from support import ROOT

FOLDER = ROOT / "resources" / "pbmc"
sys.path.insert(0, str(FOLDER))
import demo  # noqa: E402

CELLS = {"pbmc68k_v1": 700, "pbmc10k_v3": 193, "pbmc5k_v3": 187}


@pytest.fixture(scope="module")
def bundled() -> ad.AnnData:
    return ad.read_h5ad(FOLDER / "pbmc.h5ad")


@pytest.fixture(scope="module")
def sdist() -> Path:
    path = os.environ.get("SCBRAID_SCVI_SDIST")
    if not path:
        pytest.skip(f"SCBRAID_SCVI_SDIST names no source distribution of {demo.SCVI_REQUIREMENT}")
    return Path(path)


def assert_same(found: ad.AnnData, expected: ad.AnnData) -> None:
    assert list(found.obs_names) == list(expected.obs_names)
    assert list(found.var_names) == list(expected.var_names)
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())
    for column in ("batch", "cell_type"):
        assert list(found.obs[column]) == list(expected.obs[column])


def test_bundled_file_is_small_and_documented():
    content = (FOLDER / "pbmc.h5ad").read_bytes()
    readme = (FOLDER / "README.md").read_text()
    assert len(content) <= 1_000_000
    assert hashlib.sha256(content).hexdigest() in readme
    for checksum in demo.CITESEQ_SHA256.values():
        assert checksum in readme


def test_bundled_cells_and_genes(bundled):
    assert bundled.shape == (1080, 697)
    assert bundled.obs_names.is_unique
    assert bundled.var_names.is_unique
    assert bundled.obs["batch"].value_counts().to_dict() == CELLS
    assert set(bundled.obs["cell_type"]) == {"T", "B", "Monocyte", "NK", "DC", "HSPC"}
    assert bundled.uns["source"] == demo.SOURCE


def test_bundled_counts_are_stored_as_small_integers(bundled):
    assert isinstance(bundled.X, sp.csr_matrix)
    assert bundled.X.dtype == np.uint16
    assert bundled.X.data.min() == 1
    assert bundled.X.data.max() > np.iinfo(np.uint8).max


def test_marker_genes_agree_with_labels_in_every_batch(bundled):
    depth = np.asarray(bundled.X.sum(axis=1)).ravel()
    for batch in CELLS:
        in_batch = (bundled.obs["batch"] == batch).to_numpy()
        for gene, cell_type in {"CD79A": "B", "CD3D": "T", "CST3": "Monocyte", "NKG7": "NK"}.items():
            share = bundled[:, gene].X.toarray().ravel() / depth
            labels = bundled.obs["cell_type"].astype(str).to_numpy()
            others = {"B", "T", "Monocyte", "NK"} - {cell_type}
            mean = {name: share[in_batch & (labels == name)].mean() for name in (cell_type, *others)}
            assert max(mean, key=mean.get) == cell_type, (batch, gene, mean)


def test_68k_part_equals_the_scanpy_wheel(bundled):
    rebuilt = demo.pbmc68k()
    assert rebuilt.n_vars == 765
    assert_same(rebuilt[:, bundled.var_names], bundled[bundled.obs["batch"] == "pbmc68k_v1"])


@pytest.mark.filterwarnings("ignore:Element .* was written without encoding metadata")
@pytest.mark.parametrize("size", ["5k", "10k"])
def test_citeseq_part_equals_the_scvi_sdist(bundled, sdist, size):
    rebuilt = demo.pbmc_citeseq(sdist, size)
    assert_same(rebuilt[:, bundled.var_names], bundled[bundled.obs["batch"] == f"pbmc{size}_v3"])


def test_rebuild_script_writes_the_same_bytes_twice(bundled, sdist, tmp_path):
    outputs = [tmp_path / "first.h5ad", tmp_path / "second.h5ad"]
    for output in outputs:
        subprocess.run([sys.executable, FOLDER / "rebuild.py", "--scvi-sdist", sdist, "-o", output], check=True)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert_same(ad.read_h5ad(outputs[0]), bundled)


def test_rebuild_script_answers_a_missing_sdist_in_one_line(tmp_path):
    output = tmp_path / "pbmc.h5ad"
    command = [sys.executable, FOLDER / "rebuild.py", "--scvi-sdist", tmp_path / "none.tar.gz", "-o", output]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path / 'none.tar.gz'}: not a readable .tar.gz")
    assert len(done.stderr.splitlines()) == 1
    assert not output.exists()


def test_counts_survive_normalization_and_log():
    counts = np.random.default_rng(0).negative_binomial(0.5, 0.05, size=(40, 30)).astype(np.uint16)
    counts[0, 0] = 300
    totals = counts.sum(axis=1) + 1000
    log_normalized = np.log1p(counts / totals[:, None] * 1e4).astype(np.float32)
    recovered = demo.counts_from_log1p(sp.csr_matrix(log_normalized), totals)
    np.testing.assert_array_equal(recovered.toarray(), counts)
    assert recovered.dtype == np.uint16


def test_ambiguous_counts_are_refused():
    log_normalized = sp.csr_matrix(np.log1p([[1.5, 2.0]]))
    with pytest.raises(UserError, match=r"0\.50 from an integer"):
        demo.counts_from_log1p(log_normalized, np.array([1e4]))


def test_gates_on_separated_proteins():
    # (CD3, CD4, CD8a, CD14, CD16, CD19, CD56) of every population, 1 = stained
    populations = {
        "CD4 T": ((1, 1, 0, 0, 0, 0, 0), "T"),
        "CD8 T": ((1, 0, 1, 0, 0, 0, 0), "T"),
        "NKT": ((1, 0, 1, 0, 0, 0, 1), "T"),
        "B": ((0, 0, 0, 0, 0, 1, 0), "B"),
        "classical monocyte": ((0, 1, 0, 1, 0, 0, 0), "Monocyte"),
        "non-classical monocyte": ((0, 1, 0, 0, 1, 0, 0), "Monocyte"),
        "NK": ((0, 0, 0, 0, 1, 0, 1), "NK"),
        "double-negative T": ((1, 0, 0, 0, 0, 0, 0), None),
        "T and monocyte doublet": ((1, 1, 0, 1, 0, 0, 0), None),
        "T and B doublet": ((1, 1, 0, 0, 0, 1, 0), None),
        "none": ((0, 0, 0, 0, 0, 0, 0), None),
    }
    stained = np.repeat([profile for profile, _ in populations.values()], 20, axis=0)
    expected = np.repeat(np.array([label for _, label in populations.values()], dtype=object), 20)
    counts = np.random.default_rng(0).poisson(np.where(stained, 1000, 5))
    labels = demo.gate_cell_types(pd.DataFrame(counts, columns=list(demo.GATED_PROTEINS)))
    assert [None if pd.isna(label) else label for label in labels] == list(expected)


def test_shared_genes_keep_the_first_order():
    def part(cell: str, genes: list[str], values: list[int]) -> ad.AnnData:
        obs = pd.DataFrame({"batch": cell, "cell_type": "T"}, index=[cell])
        return ad.AnnData(sp.csr_matrix([values], dtype=np.int64), obs=obs, var=pd.DataFrame(index=genes))

    merged = demo.merge_on_shared_genes([part("a", ["g3", "g1", "g2"], [3, 1, 2]), part("b", ["g1", "g3"], [10, 300])])
    assert list(merged.var_names) == ["g3", "g1"]
    np.testing.assert_array_equal(merged.X.toarray(), [[3, 1], [300, 10]])
    assert list(merged.obs["batch"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("other.txt", r"no tests/test_data/pbmc_5k_protein_v3\.h5ad inside"),
        ("scvi_tools-0/tests/test_data/pbmc_5k_protein_v3.h5ad", r"expected 83f2c7d1"),
    ],
)
def test_another_sdist_is_refused(tmp_path, member, message):
    (tmp_path / "content").write_text("not the counts")
    archive = tmp_path / "scvi_tools-0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "content", arcname=member)
    with pytest.raises(UserError, match=message):
        demo.read_citeseq_member(archive, "5k")


def test_a_truncated_sdist_is_refused(tmp_path):
    (tmp_path / "content").write_bytes(np.random.default_rng(0).bytes(100_000))
    whole = tmp_path / "whole.tar.gz"
    with tarfile.open(whole, "w:gz") as tar:
        tar.add(tmp_path / "content", arcname="scvi_tools/tests/test_data/pbmc_5k_protein_v3.h5ad")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole.read_bytes()[:50_000])
    with pytest.raises(UserError, match=r"cut\.tar\.gz: not a readable"):
        demo.read_citeseq_member(cut, "5k")
