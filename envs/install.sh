#!/usr/bin/env bash
# Make .venv with everything in envs/requirements.lock: with uv where it is on PATH, otherwise with venv and pip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "scbraid needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1 || true)." >&2
    echo "Name another one: make PYTHON=/path/to/python3.11" >&2
    exit 1
fi
if command -v uv >/dev/null; then
    # uv does not read pip's settings; a local folder of wheels named there is worth having.
    links=$("$python" -m pip config get global.find-links 2>/dev/null || true)
    export UV_FIND_LINKS=${UV_FIND_LINKS:-$links}
    uv venv --quiet --clear --python "$python" .venv
    uv pip install --quiet --compile-bytecode --python .venv/bin/python -r envs/requirements.lock
else
    "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r envs/requirements.lock
fi
cp envs/requirements.lock .venv/installed.lock
