"""A training of a user that never ends at the first attempt."""

import time
from pathlib import Path

METHOD = {"trains": True}


def stuck(adata, context):
    mark = Path("stuck.began")
    if not mark.exists():
        (context.model_dir / "half-written").touch()
        mark.touch()
        time.sleep(600)
    (context.model_dir / "weights").touch()
    return adata.obsm["X_pca"][:, :5]
