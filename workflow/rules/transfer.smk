# Waits for nothing but the standard data and comes first, so that a mistake in the config stops before any training.
rule roles:
    input:
        "results/{dataset}/standard.h5ad",
    output:
        "results/{dataset}/transfer/cells.parquet",
    log:
        "results/logs/roles/{dataset}.log",
    benchmark:
        "results/benchmarks/roles/{dataset}.tsv"
    priority: 100
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=30,
    params:
        batches=lookup("datasets/{dataset}/transfer", within=config),
    message:
        "Tell reference from query cells of {wildcards.dataset}"
    script:
        "../scripts/roles.py"


rule transfer:
    input:
        embedding="results/{dataset}/runs/{method}/seed-{seed}/embedding.parquet",
        cells="results/{dataset}/transfer/cells.parquet",
    output:
        predictions="results/{dataset}/transfer/knn/{method}/seed-{seed}/predictions.parquet",
        scores="results/{dataset}/transfer/knn/{method}/seed-{seed}/scores.tsv",
    log:
        "results/logs/transfer/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/transfer/{dataset}/{method}-{seed}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=60,
    params:
        n_neighbors=lookup("transfer/n_neighbors", within=config),
    message:
        "Transfer labels in {wildcards.dataset} with {wildcards.method} (seed {wildcards.seed})"
    script:
        "../scripts/transfer.py"
