"""Train once for every task of the label transfer, blind to held-out cells: script of the rules folds and mapping."""

from adapter import job

with job(snakemake) as terminal:
    import shutil
    from pathlib import Path

    import pandas as pd

    from scbraid.data.h5ad import read_h5ad
    from scbraid.files import read_embedding, write_embedding, write_json
    from scbraid.methods.spec import Run
    from scbraid.runs.gpus import reserved_gpu
    from scbraid.runs.run import CHECKPOINT
    from scbraid.transfer.folds import train_folds

    adata = read_h5ad(snakemake.input.hvg)
    if snakemake.input.pca:
        adata.obsm["X_pca"] = read_embedding(snakemake.input.pca).to_numpy()
    checkpoints = Path(snakemake.output.embedding).with_name(CHECKPOINT)
    with reserved_gpu(snakemake.params.accelerator):
        folds = train_folds(
            adata,
            pd.read_parquet(snakemake.input.cells).loc[adata.obs_names],
            checkpoints,
            Run(name=snakemake.wildcards.method, seed=int(snakemake.wildcards.seed), **snakemake.params.method),
            accelerator=snakemake.params.accelerator,
            threads=snakemake.threads,
            maps=snakemake.params.maps,
        )
    write_embedding(folds.embedding, snakemake.output.embedding)
    write_embedding(folds.probabilities, snakemake.output.probabilities)
    write_json(folds.facts, snakemake.output.facts)
    shutil.rmtree(checkpoints, ignore_errors=True)
    if folds.facts["failed"]:
        print(
            f"scbraid: {snakemake.rule} of {snakemake.wildcards.method} failed: {folds.facts['failed']}", file=terminal
        )
