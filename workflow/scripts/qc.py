"""Measure, judge and filter cells."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import open_h5ad, write_h5ad
    from scbraid.files import write_table
    from scbraid.plots import qc as plots
    from scbraid.plots.style import save
    from scbraid.preprocess.qc import filter_cells

    adata = open_h5ad(snakemake.input[0])
    filtered, counts, cells, summary = filter_cells(adata, snakemake.params.settings, name=snakemake.wildcards.dataset)
    save(plots.violins(cells), snakemake.output.violins)
    save(plots.scatter(cells), snakemake.output.scatter)
    write_table(summary, snakemake.output.summary)
    write_table(cells.rename_axis("cell").reset_index(), snakemake.output.cells)
    write_h5ad(filtered, snakemake.output.filtered, matrices={"layers/counts": counts})
