"""Bring a source to counts, batch and label."""

from adapter import job

with job(snakemake):
    from scbraid.download import located
    from scbraid.files import open_h5ad, read_json, write_h5ad
    from scbraid.standardize import standard_form

    source = located(read_json(snakemake.input.source), manifest=snakemake.input.source)
    standard, counts = standard_form(open_h5ad(source), source=source, **snakemake.params)
    write_h5ad(standard, snakemake.output[0], matrices={"layers/counts": counts})
