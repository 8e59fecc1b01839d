"""Select highly variable genes and normalise."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import open_h5ad, write_h5ad
    from scbraid.files import write_table
    from scbraid.preprocess.features import select_features

    adata = open_h5ad(snakemake.input.filtered)
    hvg, genes = select_features(adata, name=snakemake.wildcards.dataset, **snakemake.params.settings)
    write_table(genes, snakemake.output.genes)
    write_h5ad(hvg, snakemake.output.hvg)
