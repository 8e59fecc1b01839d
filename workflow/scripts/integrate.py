"""Run a method: the script of the rules integrate and train."""

from adapter import job

with job(snakemake) as terminal:
    from pathlib import Path

    import pandas as pd

    from scbraid.data.h5ad import read_h5ad
    from scbraid.files import read_embedding
    from scbraid.labels import known_labels
    from scbraid.methods.spec import Run
    from scbraid.runs.gpus import reserved_gpu
    from scbraid.runs.run import run_method
    from scbraid.transfer.tasks import visible_labels

    adata = read_h5ad(snakemake.input.hvg)
    if snakemake.input.pca:
        adata.obsm["X_pca"] = read_embedding(snakemake.input.pca).to_numpy()
    if snakemake.input.cells:
        adata.obs["label"] = visible_labels(pd.read_parquet(snakemake.input.cells).loc[adata.obs_names])
    elif "label" in adata.obs:
        adata.obs["label"] = known_labels(adata.obs["label"]).astype("category")
    with reserved_gpu(snakemake.params.accelerator):
        reason = run_method(
            adata,
            Path(snakemake.output.embedding).parent,
            Run(name=snakemake.wildcards.method, seed=int(snakemake.wildcards.seed), **snakemake.params.method),
            accelerator=snakemake.params.accelerator,
            threads=snakemake.threads,
        )
    if reason:
        print(f"scbraid: {snakemake.wildcards.method} failed on {snakemake.wildcards.dataset}: {reason}", file=terminal)
