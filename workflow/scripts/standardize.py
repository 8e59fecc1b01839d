"""Bring a source to counts, batch and label."""

from adapter import job

with job(snakemake):
    from scbraid.data.download import checked_path
    from scbraid.data.h5ad import open_h5ad, write_h5ad
    from scbraid.data.standardize import standard_form
    from scbraid.files import read_json

    source = checked_path(read_json(snakemake.input.source), manifest=snakemake.input.source)
    standard, counts = standard_form(open_h5ad(source), source=source, **snakemake.params)
    write_h5ad(standard, snakemake.output[0], matrices={"layers/counts": counts})
