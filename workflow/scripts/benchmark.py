"""Compare the runs of a data set."""

from adapter import job

with job(snakemake):
    from scbraid.benchmark.export import run_keys
    from scbraid.benchmark.summary import gather, summarize
    from scbraid.data.h5ad import read_obs
    from scbraid.files import read_embedding, read_json, read_table, write_table
    from scbraid.plots.chart_figure import chart_figure
    from scbraid.plots.charts import bio_against_batch, score_against_time
    from scbraid.plots.scores import score_table
    from scbraid.plots.style import save
    from scbraid.plots.umap import umap_grid

    names_and_seeds = [tuple(run) for run in snakemake.params.runs]
    metrics = gather(dict(zip(names_and_seeds, map(read_table, snakemake.input.metrics))))
    facts = dict(zip(names_and_seeds, map(read_json, snakemake.input.facts)))
    summary = summarize(metrics, facts, scale=snakemake.params.scale)
    layouts = dict(zip(run_keys(names_and_seeds).values(), map(read_embedding, snakemake.input.umaps)))
    figures = {
        "scores": score_table(summary),
        "bio_batch": chart_figure(bio_against_batch(summary)),
        "time": chart_figure(score_against_time(summary)),
        "umap": umap_grid(layouts, read_obs(snakemake.input.hvg)),
    }
    for (name, figure), pdf in zip(figures.items(), snakemake.output.pdf):
        save(figure, snakemake.output[name], pdf)
    write_table(metrics, snakemake.output.metrics)
    write_table(summary, snakemake.output.summary)
