# One rule for all runs that write the same files: what a method gives is its output (scbraid.runs.artifacts).
for kind in plan.kinds(config, trains=False):

    rule:
        name:
            kind.rule
        input:
            hvg="results/{dataset}/features/hvg.h5ad",
            pca=planned(inputs.pca),
            cells=planned(inputs.roles),
            source=planned(inputs.method_source),
        output:
            **outputs(kind),
        log:
            "results/logs/integrate/{dataset}/{method}-{seed}.log",
        benchmark:
            "results/benchmarks/integrate/{dataset}/{method}-{seed}.tsv"
        wildcard_constraints:
            method=one_of(kind.run_names),
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


for kind in plan.kinds(config, trains=True):

    rule:
        name:
            kind.rule
        input:
            hvg="results/{dataset}/features/hvg.h5ad",
            pca=planned(inputs.pca),
            cells=planned(inputs.roles),
            source=planned(inputs.method_source),
        output:
            **outputs(kind),
        log:
            "results/logs/train/{dataset}/{method}-{seed}.log",
        benchmark:
            "results/benchmarks/train/{dataset}/{method}-{seed}.tsv"
        wildcard_constraints:
            method=one_of(kind.run_names),
        retries: RETRIES
        conda:
            SOFTWARE
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
        script:
            "../scripts/integrate.py"


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
        method=one_of(plan.embedding_names(config)),
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
