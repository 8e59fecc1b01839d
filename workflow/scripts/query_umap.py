"""UMAP layout of mapped cells among those of their reference."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_embedding, write_embedding
    from scbraid.mapping.joint import joint_layout
    from scbraid.mapping.reference import read_reference

    layout = joint_layout(
        read_embedding(snakemake.input.embedding), read_reference(snakemake.input.reference), **snakemake.params
    )
    write_embedding(layout, snakemake.output[0])
