# Early, so that a mistake in the column of the pseudotime is found soon.
rule scored_cells:
    input:
        "results/{dataset}/qc/filtered.h5ad",
    output:
        cells="results/{dataset}/benchmark/cells.tsv.gz",
        explained="results/{dataset}/benchmark/cell_cycle.tsv",
    log:
        "results/logs/scored_cells/{dataset}.log",
    benchmark:
        "results/benchmarks/scored_cells/{dataset}.tsv"
    priority: 100
    conda:
        SOFTWARE
    resources:
        mem_mb=memory(3000, per_input=3),
        runtime=minutes(10, per_gb=20),
    params:
        profile=lookup("metrics/profile", within=config),
        max_cells=lookup("metrics/max_cells", within=config),
        pseudotime=dataset_setting("pseudotime"),
        with_phases=inputs.is_wanted(config, "cell_cycle"),
    message:
        "Choose the cells of {wildcards.dataset} that are scored"
    script:
        "../scripts/scored_cells.py"


rule metrics:
    input:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        neighbors="results/{dataset}/runs/{method}/seed-{seed}/neighbors.npz",
        cells="results/{dataset}/benchmark/cells.tsv.gz",
        explained="results/{dataset}/benchmark/cell_cycle.tsv",
        pca="results/{dataset}/pca/embedding.parquet",
        expression=planned(inputs.expression),
    output:
        "results/{dataset}/runs/{method}/seed-{seed}/metrics.tsv",
    log:
        "results/logs/metrics/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/metrics/{dataset}/{method}-{seed}.tsv"
    conda:
        SOFTWARE
    threads: 2
    resources:
        mem_mb=data_memory,
        runtime=minutes(20, per_gb=60),
    params:
        include=lookup("metrics/include", within=config),
        engine=lookup("metrics/engine", within=config),
        profile=lookup("metrics/profile", within=config),
        bootstrap=lookup("metrics/bootstrap", within=config),
        n_neighbors=lookup("neighbors/n_neighbors", within=config),
    message:
        "Score {wildcards.method} on {wildcards.dataset} (seed {wildcards.seed})"
    script:
        "../scripts/metrics.py"


rule benchmark:
    input:
        metrics=of_runs("results/{dataset}/runs/{method}/seed-{seed}/metrics.tsv"),
        facts=of_runs("results/{dataset}/runs/{method}/seed-{seed}/run.json"),
        umaps=of_runs("results/{dataset}/runs/{method}/seed-{seed}/umap.parquet"),
        hvg="results/{dataset}/features/hvg.h5ad",
    output:
        metrics="results/{dataset}/benchmark/metrics.tsv",
        summary="results/{dataset}/benchmark/summary.tsv",
        scores=report(
            "results/{dataset}/benchmark/scores.svg",
            caption="../report/scores.rst",
            category="Scores",
            labels={"dataset": "{dataset}", "figure": "scores"},
        ),
        bio_batch=report(
            "results/{dataset}/benchmark/bio_batch.svg",
            caption="../report/bio_batch.rst",
            category="Scores",
            labels={"dataset": "{dataset}", "figure": "bio against batch"},
        ),
        time=report(
            "results/{dataset}/benchmark/time.svg",
            caption="../report/time.rst",
            category="Scores",
            labels={"dataset": "{dataset}", "figure": "score against time"},
        ),
        umap=report(
            "results/{dataset}/benchmark/umap.svg",
            caption="../report/umap.rst",
            category="UMAP",
            labels={"dataset": "{dataset}", "figure": "all runs"},
        ),
        pdf=multiext(
            "results/{dataset}/benchmark/",
            "scores.pdf",
            "bio_batch.pdf",
            "time.pdf",
            "umap.pdf",
        ),
    log:
        "results/logs/benchmark/{dataset}.log",
    benchmark:
        "results/benchmarks/benchmark/{dataset}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=minutes(15, per_gb=30),
    params:
        runs=NAMES_AND_SEEDS,
        scale=lookup("metrics/scale_over_methods", within=config),
    message:
        "Compare the runs on {wildcards.dataset}"
    script:
        "../scripts/benchmark.py"


rule export:
    input:
        filtered="results/{dataset}/qc/filtered.h5ad",
        genes="results/{dataset}/features/genes.tsv",
        embeddings=of_runs(
            "results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet"
        ),
        umaps=of_runs("results/{dataset}/runs/{method}/seed-{seed}/umap.parquet"),
        facts=of_runs("results/{dataset}/runs/{method}/seed-{seed}/run.json"),
        predictions=of_transfers(
            "results/{dataset}/transfer/{classifier}/{method}/seed-{seed}/predictions.parquet"
        ),
        source="results/{dataset}/source.json",
    output:
        "results/{dataset}/integrated.h5ad",
    log:
        "results/logs/export/{dataset}.log",
    benchmark:
        "results/benchmarks/export/{dataset}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=memory(3000, per_input=3),
        runtime=minutes(10, per_gb=30),
    params:
        runs=NAMES_AND_SEEDS,
        transfers=transfers_of,
    message:
        "Write the integrated reference of {wildcards.dataset}"
    script:
        "../scripts/export.py"
