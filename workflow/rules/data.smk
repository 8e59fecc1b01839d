rule download:
    input:
        planned(inputs.source),
    output:
        "results/{dataset}/source.json",
    log:
        "results/logs/download/{dataset}.log",
    benchmark:
        "results/benchmarks/download/{dataset}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 1000,
        runtime=minutes(20, per_gb=30),
    params:
        source=dataset_setting("source"),
        sha256=dataset_setting("sha256"),
    message:
        "Fetch {wildcards.dataset} and check it"
    script:
        "../scripts/download.py"


rule standardize:
    input:
        source="results/{dataset}/source.json",
    output:
        "results/{dataset}/standard.h5ad",
    log:
        "results/logs/standardize/{dataset}.log",
    benchmark:
        "results/benchmarks/standardize/{dataset}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=source_memory,
        runtime=minutes(10, per_gb=20),
    params:
        batch=dataset_setting("batch"),
        label=dataset_setting("label"),
        counts=dataset_setting("counts"),
        batches=dataset_setting("batches"),
        feature_types=dataset_setting("feature_types"),
    message:
        "Bring {wildcards.dataset} to one form: counts, batch, label"
    script:
        "../scripts/standardize.py"


# Like `roles` early, for the same reason.
rule covariates:
    input:
        "results/{dataset}/standard.h5ad",
    output:
        "results/{dataset}/covariates.tsv",
    log:
        "results/logs/covariates/{dataset}.log",
    benchmark:
        "results/benchmarks/covariates/{dataset}.tsv"
    priority: 100
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=minutes(10, per_gb=10),
    params:
        covariates=inputs.covariates_of(config["methods"]),
    message:
        "Check the covariates that methods take from {wildcards.dataset}"
    script:
        "../scripts/covariates.py"
