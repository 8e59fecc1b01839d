"""Rebuild the bundled demo data, resources/pbmc/pbmc.h5ad, from the packages that carry its parts."""

from __future__ import annotations

import argparse
import hashlib
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "workflow"))

from demo import SCVI_REQUIREMENT, build  # noqa: E402

from scbraid.errors import UserError  # noqa: E402

logger = logging.getLogger("rebuild")


def download_sdist(folder: Path) -> Path:
    """Fetch the source distribution of scvi-tools into a folder with pip."""
    package = SCVI_REQUIREMENT.partition("==")[0]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", package, "--dest", str(folder)]
    done = subprocess.run([*command, SCVI_REQUIREMENT], capture_output=True, text=True, check=False)
    archives = sorted(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        reason = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise UserError(
            f"pip could not download {SCVI_REQUIREMENT}: {reason}\n"
            "download its source distribution (.tar.gz) yourself and name it with --scvi-sdist"
        )
    return archives[0]


def main() -> None:
    """Parse the command line, build, write, and log what the README records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scvi-sdist", type=Path, help=f"source distribution of {SCVI_REQUIREMENT} (default: downloaded with pip)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=HERE / "pbmc.h5ad", help="file to write (default: %(default)s)"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory() as folder:
        adata = build(arguments.scvi_sdist or download_sdist(Path(folder)))
    adata.write_h5ad(arguments.output, compression="gzip", compression_opts=9)
    content = arguments.output.read_bytes()
    logger.info("%s: %d cells x %d genes, %d bytes", arguments.output, *adata.shape, len(content))
    logger.info("sha256 %s", hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    try:
        main()
    except (UserError, OSError) as error:
        sys.exit(f"error: {error}")
