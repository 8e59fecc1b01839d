"""Families of genes recognised by symbol: the patterns know human (upper case), mouse and rat (capitalised)."""

FAMILIES = {
    "mitochondrial": r"^(?:MT|mt|Mt)[-.]",
    # Proteins of the ribosome only: not kinases (RPS6KA1), binding proteins (RPS19BP1) or pseudogenes (RPS4XP1).
    "ribosomal": r"^(?:RP(?:SA|LP\d|[SL]\d+(?:A|L|L1|AL|X|Y\d)?)|Rp(?:sa|lp\d|[sl]\d+(?:a|l|l1|al|x)?))$",
}

# Marker genes of cell cycle phases in human symbols (Tirosh et al. 2016, Science 352:189).
# fmt: off
S_PHASE = (
    "MCM5", "PCNA", "TYMS", "FEN1", "MCM2", "MCM4", "RRM1", "UNG", "GINS2", "MCM6", "CDCA7", "DTL", "PRIM1",
    "UHRF1", "MLF1IP", "HELLS", "RFC2", "RPA2", "NASP", "RAD51AP1", "GMNN", "WDR76", "SLBP", "CCNE2", "UBR7",
    "POLD3", "MSH2", "ATAD2", "RAD51", "RRM2", "CDC45", "CDC6", "EXO1", "TIPIN", "DSCC1", "BLM", "CASP8AP2", "USP1",
    "CLSPN", "POLA1", "CHAF1B", "BRIP1", "E2F8",
)
G2M_PHASE = (
    "HMGB2", "CDK1", "NUSAP1", "UBE2C", "BIRC5", "TPX2", "TOP2A", "NDC80", "CKS2", "NUF2", "CKS1B", "MKI67", "TMPO",
    "CENPF", "TACC3", "FAM64A", "SMC4", "CCNB2", "CKAP2L", "CKAP2", "AURKB", "BUB1", "KIF11", "ANP32E", "TUBB4B",
    "GTSE1", "KIF20B", "HJURP", "CDCA3", "HN1", "CDC20", "TTK", "CDC25C", "KIF2C", "RANGAP1", "NCAPD2", "DLGAP5",
    "CDCA2", "CDCA8", "ECT2", "KIF23", "HMMR", "AURKA", "PSRC1", "ANLN", "LBR", "CKAP5", "CENPE", "CTCF", "NEK2",
    "G2E3", "GAS2L3", "CBX5", "CENPA",
)
# fmt: on
