#!/usr/bin/env bash
# Resolve requirements.in and dev.in to their locks, and write the conda environment with the pins of the first.
# Pins that are there already are kept; `envs/lock.sh --upgrade` takes the newest, `--upgrade-package NAME` those of one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# One lock serves CPU and CUDA machines, whose wheels of torch differ: its local version (+cpu) and the libraries
# that a wheel for CUDA brings are dropped.
lock() {
    uv pip compile "$1.in" --output-file "$1.lock" --python-version 3.11 --quiet --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links "${@:2}"
    sed -i -e 's/+cpu$//' -e '/^\(nvidia\|cuda\)-/d' -e '/^triton==/d' "$1.lock"
}

lock requirements "$@"
lock dev "$@"
{
    echo "# For \`snakemake --sdm conda\`; written by \`make lock\`, the pins are those of requirements.lock."
    echo "channels: [conda-forge, nodefaults]"
    echo "dependencies:"
    echo "  - python=3.11"
    echo "  - cxx-compiler # annoy is compiled while it is installed"
    echo "  - pip"
    echo "  - pip:"
    sed 's/^/      - /' requirements.lock
} >scbraid.yaml
