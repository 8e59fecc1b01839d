rule integrate:
    input:
        hvg="results/{dataset}/features/hvg.h5ad",
        pca=pca_if_needed,
        cells=cells_if_needed,
        source=method_source_if_any,
    output:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        facts="results/{dataset}/runs/{method}/seed-{seed}/run.json",
    log:
        "results/logs/integrate/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/integrate/{dataset}/{method}-{seed}.tsv"
    wildcard_constraints:
        method=one_of(runs_where(trains=False, is_graph=False, corrects=False)),
    retries: RETRIES
    conda:
        SOFTWARE
    threads: 2
    resources:
        mem_mb=data_memory,
        runtime=minutes(60, per_gb=240),
    params:
        method=method_and_parameters,
        accelerator="cpu",
    message:
        "Integrate {wildcards.dataset} with {wildcards.method} (seed {wildcards.seed})"
    script:
        "../scripts/integrate.py"


use rule integrate as integrate_graph with:
    output:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        facts="results/{dataset}/runs/{method}/seed-{seed}/run.json",
        neighbors="results/{dataset}/runs/{method}/seed-{seed}/neighbors.npz",
    wildcard_constraints:
        method=one_of(runs_where(is_graph=True)),


use rule integrate as integrate_and_correct with:
    output:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        facts="results/{dataset}/runs/{method}/seed-{seed}/run.json",
        corrected="results/{dataset}/runs/{method}/seed-{seed}/corrected.h5ad",
    wildcard_constraints:
        method=one_of(runs_where(corrects=True)),


use rule integrate as train with:
    output:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        facts="results/{dataset}/runs/{method}/seed-{seed}/run.json",
        history="results/{dataset}/runs/{method}/seed-{seed}/history.tsv",
        model=directory("results/{dataset}/runs/{method}/seed-{seed}/model"),
    log:
        "results/logs/train/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{method}-{seed}.tsv"
    wildcard_constraints:
        method=one_of(runs_where(trains=True, predicts=False)),
    threads: TRAINING_THREADS
    resources:
        mem_mb=data_memory,
        runtime=minutes(240, per_gb=480),
        gpu=GPUS,
    params:
        method=method_and_parameters,
        accelerator=lookup("accelerator", within=config),
    message:
        "Train {wildcards.method} on {wildcards.dataset} (seed {wildcards.seed})"


use rule train as train_with_labels with:
    output:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        facts="results/{dataset}/runs/{method}/seed-{seed}/run.json",
        history="results/{dataset}/runs/{method}/seed-{seed}/history.tsv",
        model=directory("results/{dataset}/runs/{method}/seed-{seed}/model"),
        probabilities="results/{dataset}/runs/{method}/seed-{seed}/probabilities.parquet",
    wildcard_constraints:
        method=one_of(runs_where(trains=True, predicts=True)),


rule neighbors:
    input:
        "results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
    output:
        "results/{dataset}/runs/{method}/seed-{seed}/neighbors.npz",
    log:
        "results/logs/neighbors/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/neighbors/{dataset}/{method}-{seed}.tsv"
    wildcard_constraints:
        method=one_of(runs_where(is_graph=False)),
    conda:
        SOFTWARE
    threads: 2
    resources:
        mem_mb=data_memory,
        runtime=minutes(10, per_gb=30),
    message:
        "kNN graph of {wildcards.dataset}, {wildcards.method} (seed {wildcards.seed})"
    script:
        "../scripts/neighbors.py"


rule umap:
    input:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        neighbors="results/{dataset}/runs/{method}/seed-{seed}/neighbors.npz",
    output:
        "results/{dataset}/runs/{method}/seed-{seed}/umap.parquet",
    log:
        "results/logs/umap/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/umap/{dataset}/{method}-{seed}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=minutes(20, per_gb=60),
    params:
        n_neighbors=lookup("neighbors/n_neighbors", within=config),
        min_dist=lookup("umap/min_dist", within=config),
    message:
        "UMAP of {wildcards.dataset}, {wildcards.method} (seed {wildcards.seed})"
    script:
        "../scripts/umap.py"
