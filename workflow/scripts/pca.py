"""Unintegrated PCA."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import read_h5ad
    from scbraid.files import write_embedding, write_table
    from scbraid.preprocess.pca import unintegrated_pca

    embedding, variance = unintegrated_pca(read_h5ad(snakemake.input[0]), n_comps=snakemake.params.n_comps)
    write_table(variance, snakemake.output.variance)
    write_embedding(embedding, snakemake.output.embedding)
