"""Compare the runs of a data set."""

from adapter import job

with job(snakemake):
    from scbraid.benchmark import gather, summarize
    from scbraid.export import run_keys
    from scbraid.files import read_embedding, read_json, read_obs, read_table, write_table
    from scbraid.plots.scores import score_table
    from scbraid.plots.style import save
    from scbraid.plots.umap import umap_grid

    runs = [tuple(run) for run in snakemake.params.runs]
    metrics = gather(dict(zip(runs, map(read_table, snakemake.input.metrics))))
    summary = summarize(metrics, dict(zip(runs, map(read_json, snakemake.input.facts))))
    layouts = dict(zip(run_keys(runs).values(), map(read_embedding, snakemake.input.umaps)))
    save(score_table(summary), snakemake.output.scores)
    save(umap_grid(layouts, read_obs(snakemake.input.hvg)), snakemake.output.umap)
    write_table(metrics, snakemake.output.metrics)
    write_table(summary, snakemake.output.summary)
