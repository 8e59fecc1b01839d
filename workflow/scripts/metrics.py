"""Score an embedding."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import read_h5ad
    from scbraid.files import read_embedding, write_table
    from scbraid.graphs.neighbors import Neighbors
    from scbraid.metrics.scored import ScoredCells, score_run

    scores = score_run(
        read_embedding(snakemake.input.embedding),
        neighbors=Neighbors.load(snakemake.input.neighbors),
        scored=ScoredCells.read(snakemake.input.cells, snakemake.input.explained),
        pca=read_embedding(snakemake.input.pca),
        expression=tuple(map(read_h5ad, snakemake.input.expression)) or None,
        metrics=snakemake.params.include,
        engine=snakemake.params.engine,
        profile=snakemake.params.profile,
        bootstrap=snakemake.params.bootstrap,
        n_neighbors=snakemake.params.n_neighbors,
    )
    write_table(scores, snakemake.output[0])
