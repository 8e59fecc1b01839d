"""Score an embedding."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import read_h5ad
    from scbraid.files import read_embedding, write_table
    from scbraid.graphs.neighbors import Neighbors
    from scbraid.metrics.scored import ScoredCells, score_run

    cells = ScoredCells.read(snakemake.input.cells, snakemake.input.explained).in_run(
        read_embedding(snakemake.input.embedding),
        neighbors=Neighbors.load(snakemake.input.neighbors),
        pca=read_embedding(snakemake.input.pca),
        expression=tuple(map(read_h5ad, snakemake.input.expression)) or None,
        profile=snakemake.params.profile,
        n_neighbors=snakemake.params.n_neighbors,
    )
    scores = score_run(
        cells,
        engine=snakemake.params.engine,
        metrics=snakemake.params.include,
        bootstrap=snakemake.params.bootstrap,
    )
    write_table(scores, snakemake.output[0])
