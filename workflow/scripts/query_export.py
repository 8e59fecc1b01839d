"""Write mapped cells as one .h5ad, their figure and their report."""

from adapter import job

with job(snakemake):
    import pandas as pd

    from scbraid.data.h5ad import read_h5ad, write_h5ad
    from scbraid.files import read_embedding, read_json, read_table
    from scbraid.mapping.export import mapped_cells
    from scbraid.mapping.reference import read_reference
    from scbraid.plots.mapping import mapped_umaps
    from scbraid.plots.style import save
    from scbraid.report.mapping import write_mapping_report

    predictions, layout = pd.read_parquet(snakemake.input.predictions), read_embedding(snakemake.input.umap)
    facts, reference = read_json(snakemake.input.facts), read_reference(snakemake.input.reference)
    source = read_json(snakemake.input.source)
    mapped = mapped_cells(
        read_h5ad(snakemake.input.query),
        embedding=read_embedding(snakemake.input.embedding),
        layout=layout,
        predictions=predictions,
        facts=facts,
        source=source,
    )
    save(mapped_umaps(layout, reference.cells, mapped.obs), snakemake.output.umap)
    write_mapping_report(
        snakemake.output.report,
        obs=mapped.obs,
        predictions=predictions,
        scores=read_table(snakemake.input.scores, names=("label",)),
        genes=read_table(snakemake.input.genes, names=("gene", "query_gene")),
        facts=facts,
        source=source,
        figure=snakemake.output.umap,
    )
    write_h5ad(mapped, snakemake.output.mapped)
