"""Run a method of the registry: the script of the rules integrate and train."""

from adapter import job

with job(snakemake):
    from pathlib import Path

    from scbraid.files import read_embedding, read_h5ad
    from scbraid.runs import run_method

    adata = read_h5ad(snakemake.input.hvg)
    if snakemake.input.pca:
        adata.obsm["X_pca"] = read_embedding(snakemake.input.pca).to_numpy()
    run_method(
        adata,
        Path(snakemake.output.embedding).parent,
        run=snakemake.wildcards.method,
        seed=int(snakemake.wildcards.seed),
        accelerator=snakemake.params.accelerator,
        threads=snakemake.threads,
        trains=snakemake.params.trains,
        **snakemake.params.method,
    )
