"""kNN graph of an embedding."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_embedding
    from scbraid.graphs.neighbors import nearest_neighbors

    nearest_neighbors(read_embedding(snakemake.input[0]).to_numpy()).save(snakemake.output[0])
