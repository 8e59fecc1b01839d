"""Build the bundled demo data: PBMCs of three 10x experiments, taken from files inside two open-source packages.

The scanpy wheel carries 700 cells of the 68k PBMC experiment (v1 chemistry), the scvi-tools source distribution 200
cells each of the 10k and 5k PBMC experiments with surface proteins (v3 chemistry).
"""

from __future__ import annotations

import hashlib
import logging
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.mixture import GaussianMixture

from scbraid.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

SCVI_REQUIREMENT = "scvi-tools==1.4.2"
CITESEQ_SHA256 = {
    "5k": "83f2c7d175600acf458d839920ce52448beeab66557a76d8b0312c91102a3326",
    "10k": "512fe360bd1cc79821f67959cc47e19b92bb7edbbb9351da5d1e9d70b35102a2",
}
SOURCE = (
    "10x Genomics PBMC 68k v1, 5k v3, 10k v3 (CC BY 4.0), by way of scanpy.datasets.pbmc68k_reduced and "
    f"tests/test_data of {SCVI_REQUIREMENT} (BSD-3-Clause); 68k labels of Zheng et al. 2017, 5k and 10k labels gated "
    "on surface proteins; see resources/pbmc/README.md"
)
CELL_TYPE_OF_BULK_LABEL = {
    "CD14+ Monocyte": "Monocyte",
    "CD19+ B": "B",
    "CD34+": "HSPC",
    "CD4+/CD25 T Reg": "T",
    "CD4+/CD45RA+/CD25- Naive T": "T",
    "CD4+/CD45RO+ Memory": "T",
    "CD56+ NK": "NK",
    "CD8+ Cytotoxic T": "T",
    "CD8+/CD45RA+ Naive Cytotoxic": "T",
    "Dendritic": "DC",
}
GATED_PROTEINS = ("CD3", "CD4", "CD8a", "CD14", "CD16", "CD19", "CD56")
MAX_ROUNDING_ERROR = 0.1


def counts_from_log1p(log_normalized: sp.spmatrix, totals: np.ndarray, *, target_sum: float = 1e4) -> sp.csr_matrix:
    """Undo normalization to a common total and log1p.

    Parameters
    ----------
    log_normalized
        ``log1p(counts / totals * target_sum)``, cells x genes.
    totals
        Counts per cell over all genes that were normalized together, length cells.
    target_sum
        Total of every cell after normalization.

    Returns
    -------
    Integer counts, cells x genes, in the smallest unsigned type that holds them.

    Raises
    ------
    UserError
        If a value lies more than 0.1 from an integer, so that rounding would be a guess.
    """
    scaled = sp.csr_matrix(log_normalized, dtype=np.float64).expm1()
    values = sp.diags(np.asarray(totals, dtype=np.float64) / target_sum) @ scaled
    error = np.abs(values.data - np.rint(values.data)).max(initial=0.0)
    if error > MAX_ROUNDING_ERROR:
        raise UserError(f"counts are not recoverable: a value lies {error:.2f} from an integer (at most 0.1 expected)")
    return as_counts(values)


def as_counts(values: np.ndarray | sp.spmatrix) -> sp.csr_matrix:
    """Round to integers and store them as CSR in the smallest unsigned type that holds the largest count."""
    counts = sp.csr_matrix(values, copy=True)
    counts.data = np.rint(counts.data)
    counts.eliminate_zeros()
    counts.sort_indices()
    return counts.astype(np.min_scalar_type(int(counts.data.max(initial=0))))


def is_positive(protein: np.ndarray) -> np.ndarray:
    """Tell which cells belong to the upper of two Gaussian components of one protein's log1p counts.

    Parameters
    ----------
    protein
        Counts of one protein, length cells.

    Returns
    -------
    Boolean array, length cells.
    """
    levels = np.log1p(np.asarray(protein, dtype=np.float64))[:, None]
    mixture = GaussianMixture(n_components=2, random_state=0).fit(levels)
    return mixture.predict(levels) == mixture.means_.argmax()


def gate_cell_types(proteins: pd.DataFrame) -> pd.Series:
    """Assign cell types by surface proteins.

    Parameters
    ----------
    proteins
        Protein counts, cells x proteins, with at least the columns CD3, CD4, CD8a, CD14, CD16, CD19 and CD56.

    Returns
    -------
    One of T, B, Monocyte and NK for every cell, missing where no gate holds: CD3+ cells with CD14 or CD19 (doublets),
    CD3+ CD4- CD8- cells, and cells with no lineage protein (dendritic cells, progenitors, debris).
    """
    positive = pd.DataFrame({name: is_positive(proteins[name].to_numpy()) for name in GATED_PROTEINS})
    cd3, cd4, cd8, cd14, cd16, cd19, cd56 = (positive[name].to_numpy() for name in GATED_PROTEINS)
    gates = {
        "T": cd3 & (cd4 | cd8) & ~cd14 & ~cd19,
        "B": ~cd3 & cd19,
        "Monocyte": ~cd3 & ~cd19 & (cd14 | (cd16 & ~cd56)),
        "NK": ~cd3 & ~cd19 & ~cd14 & cd56,
    }
    labels = pd.Series(pd.NA, index=proteins.index, dtype=object)
    for label, inside in gates.items():
        labels[inside] = label
    return labels


def pbmc68k() -> ad.AnnData:
    """700 cells x 765 genes of the 68k PBMC experiment: counts recovered, labels of Zheng et al. 2017 coarsened."""
    from scanpy.datasets import pbmc68k_reduced

    reduced = pbmc68k_reduced()
    counts = counts_from_log1p(reduced.raw.X, reduced.obs["n_counts"].to_numpy())
    labels = reduced.obs["bulk_labels"].astype(str).map(CELL_TYPE_OF_BULK_LABEL)
    return _part(counts, reduced.obs_names, reduced.raw.var_names, batch="pbmc68k_v1", labels=labels)


def pbmc_citeseq(sdist: Path, size: str) -> ad.AnnData:
    """Cells of the 5k or 10k PBMC experiment that a protein gate labels, with all their genes.

    Parameters
    ----------
    sdist
        Source distribution (.tar.gz) of scvi-tools 1.4.2.
    size
        ``"5k"`` or ``"10k"``.

    Raises
    ------
    UserError
        If the source distribution is missing, unreadable, lacks the file or holds another version of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"pbmc_{size}.h5ad"
        path.write_bytes(read_citeseq_member(sdist, size))
        citeseq = ad.read_h5ad(path)
    names = [str(name).removesuffix("_TotalSeqB") for name in citeseq.uns["protein_names"]]
    proteins = pd.DataFrame(citeseq.obsm["protein_expression"], index=citeseq.obs_names, columns=names)
    labels = gate_cell_types(proteins)
    kept = labels.notna().to_numpy()
    cells = [f"pbmc{size}_{barcode}" for barcode in citeseq.obs_names[kept]]
    counts = as_counts(citeseq.X[kept])
    logger.info("pbmc%s_v3: %d of %d cells fall into a gate", size, kept.sum(), kept.size)
    return _part(counts, cells, citeseq.var_names, batch=f"pbmc{size}_v3", labels=labels[kept])


def read_citeseq_member(sdist: Path, size: str) -> bytes:
    """Bytes of ``tests/test_data/pbmc_{size}_protein_v3.h5ad`` inside the source distribution, checked by SHA-256."""
    name = f"tests/test_data/pbmc_{size}_protein_v3.h5ad"
    try:
        with tarfile.open(sdist) as archive:
            member = next((info for info in archive if info.name.endswith(f"/{name}") and info.isfile()), None)
            content = archive.extractfile(member).read() if member else None
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise UserError(
            f"{sdist}: not a readable .tar.gz ({error}); expected the source distribution of {SCVI_REQUIREMENT}"
        ) from error
    if content is None:
        raise UserError(f"{sdist}: no {name} inside; expected the source distribution of {SCVI_REQUIREMENT}")
    found = hashlib.sha256(content).hexdigest()
    if found != CITESEQ_SHA256[size]:
        raise UserError(f"{sdist}: {name} has sha256 {found}\nexpected {CITESEQ_SHA256[size]} of {SCVI_REQUIREMENT}")
    return content


def merge_on_shared_genes(parts: Sequence[ad.AnnData]) -> ad.AnnData:
    """Stack cells over the genes that all parts name alike, in the order of the first part."""
    shared = parts[0].var_names
    for part in parts[1:]:
        shared = shared[shared.isin(part.var_names)]
    counts = as_counts(sp.vstack([part[:, shared].X for part in parts]))
    obs = pd.concat([part.obs for part in parts]).astype("category")
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=shared), uns={"source": SOURCE})


def build(sdist: Path) -> ad.AnnData:
    """Demo data: 1,080 cells x 697 genes, raw counts in ``X``, ``obs["batch"]`` and ``obs["cell_type"]``."""
    return merge_on_shared_genes([pbmc68k(), pbmc_citeseq(sdist, "5k"), pbmc_citeseq(sdist, "10k")])


def _part(
    counts: sp.csr_matrix, cells: Sequence[str], genes: Sequence[str], *, batch: str, labels: pd.Series
) -> ad.AnnData:
    obs = pd.DataFrame(
        {"batch": batch, "cell_type": labels.to_numpy(dtype=object)}, index=pd.Index(cells, dtype=object)
    )
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=pd.Index(genes, dtype=object)))
