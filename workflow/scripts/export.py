"""Write one .h5ad with counts, embeddings, predictions and provenance."""

from adapter import job

with job(snakemake):
    import pandas as pd

    from scbraid.benchmark.export import integrated, matrices, run_keys
    from scbraid.data.h5ad import open_h5ad, write_h5ad
    from scbraid.files import read_embedding, read_json, read_table

    keys = run_keys([tuple(run) for run in snakemake.params.runs])
    names = list(keys.values())
    predicted = [f"{classifier}_{keys[run_name, seed]}" for classifier, run_name, seed in snakemake.params.transfers]
    genes = read_table(snakemake.input.genes, names=("gene",))
    facts = dict(zip(names, map(read_json, snakemake.input.facts)))
    filtered = open_h5ad(snakemake.input.filtered)
    result = integrated(
        filtered,
        selected_genes=genes.loc[genes["selected"], "gene"],
        embeddings=dict(zip(names, map(read_embedding, snakemake.input.embeddings))),
        layouts=dict(zip(names, map(read_embedding, snakemake.input.umaps))),
        predictions=dict(zip(predicted, map(pd.read_parquet, snakemake.input.predictions))),
        provenance={"source": read_json(snakemake.input.source), "runs": facts},
    )
    write_h5ad(result, snakemake.output[0], matrices=matrices(filtered))
