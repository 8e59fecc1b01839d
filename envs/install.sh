#!/usr/bin/env bash
# Make .venv with everything in envs/requirements.lock; `envs/install.sh dev` adds envs/dev.lock to it.
# With uv where it is on PATH, otherwise with venv and pip.
# PYTHON names the interpreter; without it the first of these that is 3.11 or newer is taken.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=
for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.13}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "scbraid needs Python 3.11 or newer, and none of these is: ${PYTHON:-python3 python3.12 python3.11 python3.13}" >&2
    echo "Install one, or name it: make demo PYTHON=/path/to/python3.11" >&2
    exit 1
fi

if command -v uv >/dev/null; then
    # uv does not read pip's settings: a mirror or a local folder of wheels named there must reach it another way.
    setting() { "$python" -m pip config get "global.$1" 2>/dev/null || true; }
    links=${PIP_FIND_LINKS:-$(setting find-links)}
    index=${PIP_INDEX_URL:-$(setting index-url)}
    [ -z "$links" ] || export UV_FIND_LINKS=${UV_FIND_LINKS:-$links}
    [ -z "$index" ] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}
    make_environment() { rm -rf .venv && uv venv --quiet --python "$python" .venv; }
    install() { uv pip install --quiet --compile-bytecode --python .venv/bin/python "$@"; }
else
    make_environment() { "$python" -m venv --clear .venv; }
    install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
fi

if [ "${1:-}" = dev ]; then
    install -r envs/dev.lock
    cp envs/dev.lock .venv/installed-dev.lock
    exit
fi

make_environment
# annoy is compiled while it is installed, which not every machine can do; only these need it.
compiled='^(annoy|bbknn|scanorama)=='
grep -Ev "$compiled" envs/requirements.lock >.venv/others.lock
install -r .venv/others.lock
if ! install $(grep -E "$compiled" envs/requirements.lock) 2>.venv/compile.log; then
    echo "The methods scanorama and bbknn are left out: annoy could not be compiled, see .venv/compile.log" >&2
    echo "To have them, install a C++ compiler and Python's headers, then run envs/install.sh again." >&2
fi
cp envs/requirements.lock .venv/installed.lock
