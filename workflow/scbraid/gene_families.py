"""Families of genes recognised by symbol, in human (upper case) and mouse (capitalised) spelling."""

FAMILIES = {
    "mitochondrial": r"^(?:MT|mt)[-.]",
    "ribosomal": r"^(?:RP[SL]|Rp[sl])\d",
}
