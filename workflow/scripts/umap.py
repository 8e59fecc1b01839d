"""UMAP layout of an embedding."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_embedding, write_embedding
    from scbraid.layout import umap_layout
    from scbraid.neighbors import Neighbors

    layout = umap_layout(
        read_embedding(snakemake.input.embedding), Neighbors.load(snakemake.input.neighbors), **snakemake.params
    )
    write_embedding(layout, snakemake.output[0])
