#!/usr/bin/env bash
# Resolve envs/requirements.in to envs/requirements.lock, and write the same pins into the conda environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# torch's local version (+cpu) is dropped: one lock serves CPU and CUDA machines, whose wheels differ.
uv pip compile requirements.in --python-version 3.11 --quiet --no-header --no-annotate --no-emit-index-url \
    --no-emit-find-links | sed 's/+cpu$//' >requirements.lock
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
