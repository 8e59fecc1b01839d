"""kNN graph of an embedding."""

from typing import TYPE_CHECKING

from adapter import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job(snakemake):
    from scbraid.files import read_embedding
    from scbraid.neighbors import nearest_neighbors

    nearest_neighbors(read_embedding(snakemake.input[0]).to_numpy()).save(snakemake.output[0])
