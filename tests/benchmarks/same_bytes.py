"""Do two commits give the same results? Runs the workflow at both and compares every file of results/.

    python tests/benchmarks/same_bytes.py 7f615a7 main

The demo config, and every method and classifier with few epochs and new cells mapped onto two references, on the CPU,
one seed. Files are compared byte by byte; those that differ, once more without seconds, memory and versions. Logs and
benchmarks of jobs are left out. Ends with status 1 where a file says something else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from results import RECORDS, SHOW_MEASUREMENTS, digest, files_of
from support import ROOT, write_config

EPOCHS = {"max_epochs": 5}
DATASET = {"source": "resources/pbmc/pbmc.h5ad", "batch": "batch", "label": "cell_type"}
SMALL: dict[str, Any] = {
    "datasets": {"pbmc": DATASET | {"transfer": {"query": "each_batch"}}},
    "methods": {
        **{name: {} for name in ("pca", "harmony", "scanorama", "bbknn", "combat")},
        **dict.fromkeys(("scvi", "linear_scvi", "sysvi"), EPOCHS),
        "mrvi": {"max_epochs": 3},
        "cvae": {"max_epochs": 20},
        "cvae_zinb": {"method": "cvae", "likelihood": "zinb", "max_epochs": 20},
        "scanvi": EPOCHS | {"max_epochs_scanvi": 2},
        "cvae_labels": {"max_epochs": 20},
        **{name: {} for name in ("control_labels", "control_mixed", "control_shuffled")},
    },
    "transfer": {"classifiers": ["knn", "logistic", "head", "mapping"]},
    "queries": {
        name: DATASET | {"reference": f"results/pbmc/runs/{run}/seed-0/model"}
        for name, run in (("again", "cvae"), ("surgery", "scanvi"))
    },
    "seeds": [0],
    "accelerator": "cpu",
    "features": {"n_top_genes": 300},
}
RUNS: dict[str, list[str]] = {"demo": [], "all methods": ["all", "map_query", "--configfile", "small.yaml"]}


def results_of(commit: str, name: str, folder: Path, cores: int) -> Path:
    """Run the workflow at a commit, in a clone of its own, and return its results; nothing is done twice."""
    checkout = folder / f"{commit}-{name}".replace(" ", "-").replace("/", "-")
    if not checkout.exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        subprocess.run(["git", "checkout", "--quiet", commit], cwd=checkout, check=True)
    write_config(SMALL, checkout / "small.yaml")
    command = [sys.executable, "-m", "snakemake", *RUNS[name], "--cores", str(cores), "--quiet", "all"]
    subprocess.run(command, cwd=checkout, check=True)
    return checkout / "results"


def compared(before: Path, after: Path) -> dict[str, list[str]]:
    """Sort the files of two folders by what they have in common."""
    found = defaultdict(list)
    old, new = files_of(before), files_of(after)
    for name in sorted(old.keys() | new.keys()):
        if name.split("/")[0] in RECORDS:
            continue
        found[_verdict(old.get(name), new.get(name))].append(name)
    return found


def _verdict(old: Path | None, new: Path | None) -> str:
    if old is None or new is None:
        return "new" if old is None else "gone"
    if old.read_bytes() == new.read_bytes():
        return "same bytes"
    if old.name in SHOW_MEASUREMENTS:
        return "shows seconds or memory"
    return "same but for seconds, memory, versions or packing" if digest(old) == digest(new) else "other content"


def main() -> None:
    """Parse the command line, run, compare, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", help="commit")
    parser.add_argument("after", nargs="?", default="HEAD", help="commit")
    parser.add_argument("--folder", type=Path, help="keeps both checkouts and their results; a temporary one otherwise")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    differs = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        for name in RUNS:
            both = [results_of(commit, name, folder, arguments.cores) for commit in (arguments.before, arguments.after)]
            for verdict, files in compared(*both).items():
                print(f"{name}: {len(files)} files: {verdict}")
                if verdict != "same bytes":
                    print(*(f"    {file}" for file in files), sep="\n")
                differs |= verdict in ("other content", "new", "gone")
    sys.exit(int(differs))


if __name__ == "__main__":
    main()
