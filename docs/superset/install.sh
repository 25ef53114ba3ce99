#!/usr/bin/env bash
# Installs Superset into an environment of its own, .venv-superset: 720 MB, 35 s of CPU.
# Started twice at the same time, the second waits for the first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$root/.venv-superset

# macOS has no flock.
if command -v flock >/dev/null 2>&1; then
    exec 9>"$root/.venv-superset.lock"
    flock 9
fi
if cmp -s "$here/requirements.lock" "$venv/.installed"; then
    exit 0
fi
# What Superset 6.1 pins of numpy and pandas has wheels for these two only.
for python in "${PYTHON:-python3}" python3.11 python3.12; do
    if "$python" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
        "$python" -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile \
            --require-hashes -r "$here/requirements.lock"
        cp "$here/requirements.lock" "$venv/.installed"
        exit 0
    fi
done
echo "Superset needs Python 3.11 or 3.12; set PYTHON=/path/to/python3.11" >&2
exit 1
