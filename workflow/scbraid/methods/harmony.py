"""Harmony: iterative correction of principal components (Korsunsky et al. 2019, Nature Methods 16:1289)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scbraid.methods.spec import Context, Result

if TYPE_CHECKING:
    from anndata import AnnData

PARAMETERS = {
    "theta": {
        "description": "Diversity penalty; larger values mix batches more.",
        "type": "number",
        "minimum": 0,
        "default": 2.0,
    },
    "sigma": {
        "description": "Width of the soft clusters.",
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 0.1,
    },
    "max_iter_harmony": {
        "description": "Most rounds of clustering and correction.",
        "type": "integer",
        "minimum": 1,
        "default": 10,
    },
}


def harmony(adata: AnnData, context: Context, *, theta: float, sigma: float, max_iter_harmony: int) -> Result:
    """Correct ``obsm["X_pca"]`` for ``obs["batch"]`` with harmonypy 2 on the CPU."""
    import harmonypy

    fitted = harmonypy.run_harmony(
        adata.obsm["X_pca"],
        adata.obs,
        "batch",
        theta=theta,
        sigma=sigma,
        max_iter_harmony=max_iter_harmony,
        random_state=context.seed,
        ncores=context.threads,
        verbose=False,
    )
    return Result(embedding=fitted.Z_corr)
