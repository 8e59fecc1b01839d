"""Bring a source to counts, batch and label."""

from adapter import job

with job(snakemake):
    from scbraid.data.download import open_fetched
    from scbraid.data.h5ad import write_h5ad
    from scbraid.data.standardize import standard_form
    from scbraid.files import read_json

    fetched = read_json(snakemake.input.source)
    adata = open_fetched(fetched, manifest=snakemake.input.source)
    standard, counts = standard_form(adata, source=fetched["path"], **snakemake.params)
    write_h5ad(standard, snakemake.output[0], matrices={"layers/counts": counts})
