"""Predict the labels of mapped cells, and score the predictions where there are labels to compare with."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import read_obs
    from scbraid.files import read_embedding, write_table
    from scbraid.labels import known_labels
    from scbraid.mapping.labels import predict_labels
    from scbraid.mapping.reference import read_reference
    from scbraid.transfer.scores import score_predictions

    obs = read_obs(snakemake.input.query)
    predictions = predict_labels(
        read_embedding(snakemake.input.embedding),
        read_reference(snakemake.input.reference),
        probabilities=read_embedding(snakemake.input.probabilities),
        truth=known_labels(obs["label"]) if "label" in obs else None,
        **snakemake.params,
    )
    write_table(score_predictions(predictions), snakemake.output.scores)
    predictions.to_parquet(snakemake.output.predictions)
