"""Select highly variable genes and normalise."""

from adapter import job

with job(snakemake):
    from scbraid.features import select_features
    from scbraid.files import open_h5ad, write_h5ad, write_table

    adata = open_h5ad(snakemake.input.filtered)
    hvg, genes = select_features(adata, name=snakemake.wildcards.dataset, **snakemake.params.settings)
    write_table(genes, snakemake.output.genes)
    write_h5ad(hvg, snakemake.output.hvg)
