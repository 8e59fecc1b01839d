"""Transfer labels from reference to query batches."""

from adapter import job

with job(snakemake):
    import pandas as pd

    from scbraid.files import read_embedding, write_table
    from scbraid.transfer import score_predictions, transfer_labels

    embedding = read_embedding(snakemake.input.embedding)
    cells = pd.read_parquet(snakemake.input.cells).loc[embedding.index]
    reference = (cells["role"] == "reference").to_numpy()
    predictions = transfer_labels(
        embedding,
        cells["label"],
        reference=reference,
        query=(cells["role"] == "query").to_numpy(),
        n_neighbors=snakemake.params.n_neighbors,
    )
    write_table(score_predictions(predictions, cells["label"][reference]), snakemake.output.scores)
    predictions.to_parquet(snakemake.output.predictions)
