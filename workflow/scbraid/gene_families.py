"""Families of genes recognised by symbol, in the spelling of human (upper case), mouse and rat (capitalised)."""

FAMILIES = {
    "mitochondrial": r"^(?:MT|mt|Mt)[-.]",
    # Proteins of the ribosome only: not kinases (RPS6KA1), binding proteins (RPS19BP1) or pseudogenes (RPS4XP1).
    "ribosomal": r"^(?:RP(?:SA|LP\d|[SL]\d+(?:A|L|L1|AL|X|Y\d)?)|Rp(?:sa|lp\d|[sl]\d+(?:a|l|l1|al|x)?))$",
}
