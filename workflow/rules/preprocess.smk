rule qc:
    input:
        "results/{dataset}/standard.h5ad",
    output:
        filtered="results/{dataset}/qc/filtered.h5ad",
        cells="results/{dataset}/qc/cells.tsv.gz",
        summary="results/{dataset}/qc/summary.tsv",
        violins=report(
            "results/{dataset}/qc/violins.svg",
            caption="../report/violins.rst",
            category="Quality control",
            labels={"dataset": "{dataset}", "figure": "violins"},
        ),
        scatter=report(
            "results/{dataset}/qc/scatter.svg",
            caption="../report/scatter.rst",
            category="Quality control",
            labels={"dataset": "{dataset}", "figure": "scatter"},
        ),
    log:
        "results/logs/qc/{dataset}.log",
    benchmark:
        "results/benchmarks/qc/{dataset}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=memory(4000, per_input=3),
        runtime=minutes(15, per_gb=60),
    params:
        settings=dataset_setting("qc"),
    message:
        "Control the quality of {wildcards.dataset} batch by batch"
    script:
        "../scripts/qc.py"


rule features:
    input:
        filtered="results/{dataset}/qc/filtered.h5ad",
        genes=planned(inputs.gene_list),
    output:
        hvg="results/{dataset}/features/hvg.h5ad",
        genes="results/{dataset}/features/genes.tsv",
    log:
        "results/logs/features/{dataset}.log",
    benchmark:
        "results/benchmarks/features/{dataset}.tsv"
    conda:
        SOFTWARE
    resources:
        mem_mb=memory(3000, per_input=6),
        runtime=minutes(10, per_gb=30),
    params:
        settings=dataset_setting("features"),
    message:
        "Select highly variable genes of {wildcards.dataset}"
    script:
        "../scripts/features.py"


rule pca:
    input:
        "results/{dataset}/features/hvg.h5ad",
    output:
        embedding="results/{dataset}/pca/embedding.parquet",
        variance="results/{dataset}/pca/variance.tsv",
    log:
        "results/logs/pca/{dataset}.log",
    benchmark:
        "results/benchmarks/pca/{dataset}.tsv"
    conda:
        SOFTWARE
    threads: 2
    resources:
        mem_mb=data_memory,
        runtime=minutes(10, per_gb=30),
    params:
        n_comps=lookup("pca/n_comps", within=config),
    message:
        "Unintegrated PCA of {wildcards.dataset}"
    script:
        "../scripts/pca.py"
