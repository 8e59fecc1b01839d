use rule download as query_download with:
    input:
        planned(inputs.query_source),
    output:
        "results/queries/{query}/source.json",
    log:
        "results/logs/query_download/{query}.log",
    benchmark:
        "results/benchmarks/query_download/{query}.tsv"
    params:
        source=lookup("{query}/source", within=config["queries"]),
        sha256=lookup("{query}/sha256", within=config["queries"]),
    message:
        "Fetch query {wildcards.query} and check it"


use rule standardize as query_standardize with:
    input:
        source="results/queries/{query}/source.json",
    output:
        "results/queries/{query}/standard.h5ad",
    log:
        "results/logs/query_standardize/{query}.log",
    benchmark:
        "results/benchmarks/query_standardize/{query}.tsv"
    resources:
        mem_mb=source_memory,
        runtime=minutes(10, per_gb=20),
    params:
        batch=lookup("{query}/batch", within=config["queries"]),
        label=lookup("{query}/label", within=config["queries"]),
        counts=lookup("{query}/counts", within=config["queries"]),
        batches=None,
        feature_types=lookup("{query}/feature_types", within=config["queries"]),
        query="{query}",
    message:
        "Bring query {wildcards.query} to one form: counts, batch, label"


rule query_map:
    input:
        query="results/queries/{query}/standard.h5ad",
        reference=planned(inputs.reference),
    output:
        embedding="results/queries/{query}/embedding.parquet",
        probabilities="results/queries/{query}/probabilities.parquet",
        genes="results/queries/{query}/genes.tsv",
        facts="results/queries/{query}/query.json",
    log:
        "results/logs/query_map/{query}.log",
    benchmark:
        "results/benchmarks/query_map/{query}.tsv"
    conda:
        SOFTWARE
    threads: TRAINING_THREADS
    resources:
        mem_mb=data_memory,
        runtime=minutes(240, per_gb=480),
        gpu=GPUS,
    params:
        known_batches=lookup("{query}/known_batches", within=config["queries"]),
        accelerator=lookup("accelerator", within=config),
    message:
        "Map {wildcards.query} onto {input.reference}"
    script:
        "../scripts/query_map.py"


rule query_predict:
    input:
        query="results/queries/{query}/standard.h5ad",
        embedding="results/queries/{query}/embedding.parquet",
        probabilities="results/queries/{query}/probabilities.parquet",
        reference=planned(inputs.reference),
    output:
        predictions="results/queries/{query}/predictions.parquet",
        scores="results/queries/{query}/scores.tsv",
    log:
        "results/logs/query_predict/{query}.log",
    benchmark:
        "results/benchmarks/query_predict/{query}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=minutes(10, per_gb=30),
    params:
        n_neighbors=lookup("transfer/n_neighbors", within=config),
        unknown_above=lookup("transfer/unknown_above", within=config),
    message:
        "Predict the labels of {wildcards.query}"
    script:
        "../scripts/query_predict.py"


rule query_umap:
    input:
        embedding="results/queries/{query}/embedding.parquet",
        reference=planned(inputs.reference),
    output:
        "results/queries/{query}/umap.parquet",
    log:
        "results/logs/query_umap/{query}.log",
    benchmark:
        "results/benchmarks/query_umap/{query}.tsv"
    conda:
        SOFTWARE
    threads: 2
    resources:
        mem_mb=data_memory,
        runtime=minutes(20, per_gb=60),
    params:
        n_neighbors=lookup("neighbors/n_neighbors", within=config),
        min_dist=lookup("umap/min_dist", within=config),
    message:
        "UMAP of {wildcards.query} among the cells of its reference"
    script:
        "../scripts/query_umap.py"


rule query_export:
    input:
        query="results/queries/{query}/standard.h5ad",
        reference=planned(inputs.reference),
        embedding="results/queries/{query}/embedding.parquet",
        predictions="results/queries/{query}/predictions.parquet",
        scores="results/queries/{query}/scores.tsv",
        genes="results/queries/{query}/genes.tsv",
        facts="results/queries/{query}/query.json",
        umap="results/queries/{query}/umap.parquet",
        source="results/queries/{query}/source.json",
    output:
        mapped="results/queries/{query}/mapped.h5ad",
        umap="results/queries/{query}/umap.svg",
        report="results/queries/{query}/report.html",
    log:
        "results/logs/query_export/{query}.log",
    benchmark:
        "results/benchmarks/query_export/{query}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=data_memory,
        runtime=minutes(15, per_gb=30),
    message:
        "Write the mapped cells of {wildcards.query} and their report"
    script:
        "../scripts/query_export.py"


rule map_query:
    input:
        planned(inputs.mapped),
    localrule: True
