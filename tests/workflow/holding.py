"""A method of a user that holds its device until another job has one too, and notes which it was, and when."""

import json
import os
import time
from pathlib import Path

METHOD = {"trains": True}
LONGEST_WAIT, SECONDS = 60, 2


def holding(adata, context, *, crashes=False):
    attempt = {"device": os.environ["CUDA_VISIBLE_DEVICES"], "began": time.monotonic()}
    notes = Path("notes")
    notes.mkdir(exist_ok=True)
    if crashes and not list(notes.glob("crash-*")):
        write(attempt, notes / f"crash-{os.getpid()}.json")
        os._exit(3)
    (notes / f"began-{os.getpid()}").touch()
    while len(list(notes.glob("began-*"))) < 2 and time.monotonic() < attempt["began"] + LONGEST_WAIT:
        time.sleep(0.1)
    time.sleep(SECONDS)
    write(attempt, notes / f"end-{os.getpid()}.json")
    return adata.obsm["X_pca"][:, :5]


def write(attempt, path):
    path.write_text(json.dumps(attempt | {"ended": time.monotonic()}))
