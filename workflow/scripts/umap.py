"""UMAP layout of an embedding."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_embedding, write_embedding
    from scbraid.graphs.neighbors import Neighbors
    from scbraid.graphs.umap import umap_layout

    layout = umap_layout(
        read_embedding(snakemake.input.embedding), Neighbors.load(snakemake.input.neighbors), **snakemake.params
    )
    write_embedding(layout, snakemake.output[0])
