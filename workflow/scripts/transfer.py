"""Transfer labels from reference to query batches."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_embedding, read_obs, write_table
    from scbraid.transfer import score_predictions, split_batches, transfer_labels

    obs = read_obs(snakemake.input.hvg)
    reference, query = split_batches(obs["batch"], name=snakemake.wildcards.dataset, **snakemake.params.batches)
    predictions = transfer_labels(
        read_embedding(snakemake.input.embedding),
        obs["label"],
        reference=reference,
        query=query,
        n_neighbors=snakemake.params.n_neighbors,
    )
    write_table(score_predictions(predictions, obs["label"][reference]), snakemake.output.scores)
    predictions.to_parquet(snakemake.output.predictions)
