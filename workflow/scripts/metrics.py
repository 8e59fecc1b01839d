"""Score an embedding."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_embedding, read_obs, write_table
    from scbraid.metrics.engine import score
    from scbraid.neighbors import Neighbors

    obs = read_obs(snakemake.input.hvg)
    scores = score(
        read_embedding(snakemake.input.embedding).to_numpy(),
        batch=obs["batch"],
        labels=obs.get("label"),
        neighbors=Neighbors.load(snakemake.input.neighbors),
        pca=read_embedding(snakemake.input.pca).to_numpy(),
        metrics=snakemake.params.include,
        n_neighbors=snakemake.params.n_neighbors,
    )
    write_table(scores, snakemake.output[0])
