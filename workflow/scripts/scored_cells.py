"""Choose the cells that are scored."""

from adapter import job

with job(snakemake):
    from scbraid.data.h5ad import open_h5ad
    from scbraid.metrics.scored import choose_cells

    scored = choose_cells(
        open_h5ad(snakemake.input[0]),
        name=snakemake.wildcards.dataset,
        profile=snakemake.params.profile,
        max_cells=snakemake.params.max_cells,
        pseudotime=snakemake.params.pseudotime,
        with_phases=snakemake.params.with_phases,
    )
    scored.write(snakemake.output.cells, snakemake.output.explained)
