"""Methods of a user that go wrong at the first attempt and are right at the second."""

import os
import sys
import time
from pathlib import Path

import numpy as np


def began_before(name):
    mark = Path(f"{name}.began")
    before = mark.exists()
    mark.touch()
    return before


def cancelled(adata, context):
    if not began_before("cancelled"):
        time.sleep(600)
    return adata.obsm["X_pca"][:, :5]


def crashing(adata, context):
    if not began_before("crashing"):
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(3)
    return adata.obsm["X_pca"][:, :5]


def hungry(adata, context):
    """Take more memory than the first attempt has and less than the second has."""
    block = np.ones(1700 << 17)
    time.sleep(4)  # SLURM looks at the memory every second
    return adata.obsm["X_pca"][:, :5] * block[0]
