"""Map a query onto its reference."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import read_h5ad
    from scbraid.files import write_embedding, write_json, write_table
    from scbraid.mapping.map_onto import map_onto
    from scbraid.mapping.reference import read_reference
    from scbraid.runs.gpus import reserved_gpu

    with reserved_gpu(snakemake.params.accelerator):
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
