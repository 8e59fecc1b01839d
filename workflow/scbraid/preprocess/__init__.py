"""From counts to what methods take: quality control, variable genes, normalisation, PCA."""
