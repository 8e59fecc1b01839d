"""Measure, judge and filter cells."""

from adapter import job

with job(snakemake):
    from scbraid.files import read_h5ad, write_h5ad, write_table
    from scbraid.plots import qc as plots
    from scbraid.plots.style import save
    from scbraid.qc import control_quality

    adata = read_h5ad(snakemake.input[0])
    filtered, cells, summary = control_quality(adata, snakemake.params.settings, name=snakemake.wildcards.dataset)
    save(plots.violins(cells), snakemake.output.violins)
    save(plots.scatter(cells), snakemake.output.scatter)
    write_table(summary, snakemake.output.summary)
    write_table(cells.rename_axis("cell").reset_index(), snakemake.output.cells)
    write_h5ad(filtered, snakemake.output.filtered)
