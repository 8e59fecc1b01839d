"""Map a query onto its reference."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_h5ad, write_embedding, write_json, write_table
    from scbraid.gpus import own_gpu
    from scbraid.query.mapping import map_onto
    from scbraid.reference import read_reference

    with own_gpu(snakemake.params.accelerator):
        mapped = map_onto(
            read_h5ad(snakemake.input.query),
            read_reference(snakemake.input.reference),
            name=snakemake.wildcards.query,
            threads=snakemake.threads,
            **snakemake.params,
        )
    write_embedding(mapped.embedding, snakemake.output.embedding)
    write_embedding(mapped.probabilities, snakemake.output.probabilities)
    write_table(mapped.genes, snakemake.output.genes)
    write_json(mapped.facts, snakemake.output.facts)
