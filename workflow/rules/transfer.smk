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
        runtime=minutes(10, per_gb=10),
    params:
        roles=dataset_setting("transfer"),
    message:
        "Tell reference from held-out cells of {wildcards.dataset}"
    script:
        "../scripts/roles.py"


# Methods that learn from labels, once for every batch left out: each time without the labels of that batch.
rule folds:
    input:
        hvg="results/{dataset}/features/hvg.h5ad",
        pca=planned(inputs.pca),
        cells="results/{dataset}/transfer/cells.parquet",
        source=planned(inputs.method_source),
    output:
        embedding="results/{dataset}/transfer/folds/{method}/seed-{seed}/embedding.parquet",
        probabilities="results/{dataset}/transfer/folds/{method}/seed-{seed}/probabilities.parquet",
        facts="results/{dataset}/transfer/folds/{method}/seed-{seed}/folds.json",
    log:
        "results/logs/folds/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/folds/{dataset}/{method}-{seed}.tsv"
    wildcard_constraints:
        method=one_of(plan.learning_names(config)),
    retries: RETRIES
    conda:
        SOFTWARE
    threads: TRAINING_THREADS
    resources:
        mem_mb=data_memory,
        runtime=minutes(480, per_gb=960),
        gpu=gpus_if_it_trains,
    params:
        method=method_and_parameters,
        accelerator=lookup("accelerator", within=config),
        maps=False,
    message:
        "Train {wildcards.method} on {wildcards.dataset}, labels of one batch hidden at a time (seed {wildcards.seed})"
    script:
        "../scripts/folds.py"


# Reference mapping: a model trained on the reference alone takes in the held-out cells.
use rule folds as mapping with:
    output:
        embedding="results/{dataset}/transfer/mapped/{method}/seed-{seed}/embedding.parquet",
        probabilities="results/{dataset}/transfer/mapped/{method}/seed-{seed}/probabilities.parquet",
        facts="results/{dataset}/transfer/mapped/{method}/seed-{seed}/folds.json",
    log:
        "results/logs/mapping/{dataset}/{method}-{seed}.log",
    benchmark:
        "results/benchmarks/mapping/{dataset}/{method}-{seed}.tsv"
    wildcard_constraints:
        method=one_of(plan.mapping_names(config)),
    params:
        method=method_and_parameters,
        accelerator=lookup("accelerator", within=config),
        maps=True,
    message:
        "Train {wildcards.method} on the reference of {wildcards.dataset} and map the held-out cells (seed {wildcards.seed})"


rule transfer:
    input:
        unpack(planned(inputs.predicting)),
        cells="results/{dataset}/transfer/cells.parquet",
    output:
        predictions="results/{dataset}/transfer/{classifier}/{method}/seed-{seed}/predictions.parquet",
        scores="results/{dataset}/transfer/{classifier}/{method}/seed-{seed}/scores.tsv",
    log:
        "results/logs/transfer/{dataset}/{classifier}-{method}-{seed}.log",
    benchmark:
        "results/benchmarks/transfer/{dataset}/{classifier}-{method}-{seed}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=minutes(10, per_gb=30),
    params:
        n_neighbors=lookup("transfer/n_neighbors", within=config),
        unknown_above=lookup("transfer/unknown_above", within=config),
    message:
        "Transfer labels in {wildcards.dataset}: {wildcards.classifier} with {wildcards.method} (seed {wildcards.seed})"
    script:
        "../scripts/transfer.py"
