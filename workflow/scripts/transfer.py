"""Predict the labels of held-out cells, and score the predictions."""

from adapter import job

with job(snakemake):
    import pandas as pd

    from scbraid.files import read_embedding, write_table
    from scbraid.graphs.neighbors import Neighbors
    from scbraid.transfer.predict import predict
    from scbraid.transfer.scores import score_predictions

    probabilities, neighbors = snakemake.input.get("probabilities"), snakemake.input.get("neighbors")
    predictions = predict(
        pd.read_parquet(snakemake.input.cells),
        classifier=snakemake.wildcards.classifier,
        embedding=read_embedding(snakemake.input.embedding),
        probabilities=read_embedding(probabilities) if probabilities else None,
        neighbors=Neighbors.load(neighbors) if neighbors else None,
        n_neighbors=snakemake.params.n_neighbors,
        unknown_above=snakemake.params.unknown_above,
    )
    write_table(score_predictions(predictions), snakemake.output.scores)
    predictions.to_parquet(snakemake.output.predictions)
