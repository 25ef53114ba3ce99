#!/usr/bin/env bash
# Superset over a published release: sets up what is missing, builds the dashboard, serves it.
#
#     docs/superset/start.sh DATA_DIR [PORT]
#
# User and password are admin and admin; only this machine reaches it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
data=$(cd "${1:-$root/data}" && pwd)
port=${2:-8088}
venv=$root/.venv-superset

export SUPERSET_HOME=${SUPERSET_HOME:-$root/.superset}
export SUPERSET_CONFIG_PATH=$here/superset_config.py
export FLASK_APP=superset
export SCARF_ANALYTICS=false

if ! cmp -s "$here/requirements.lock" "$venv/.installed"; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r "$here/requirements.lock"
    cp "$here/requirements.lock" "$venv/.installed"
fi
mkdir -p "$SUPERSET_HOME"
if [ ! -f "$SUPERSET_HOME/ready" ]; then
    (umask 077 && "$venv/bin/python" -c 'import secrets; print(secrets.token_urlsafe(42), end="")' \
        >"$SUPERSET_HOME/secret_key")
    "$venv/bin/superset" db upgrade
    "$venv/bin/superset" fab create-admin --username admin --password admin \
        --firstname Territory --lastname Admin --email admin@localhost
    "$venv/bin/superset" init
    touch "$SUPERSET_HOME/ready"
fi
"$venv/bin/python" "$here/dashboard.py" "$data/published"
echo "http://127.0.0.1:$port/superset/dashboard/territory-plan/"
exec "$venv/bin/gunicorn" --workers 1 --threads 8 --timeout 120 --bind "127.0.0.1:$port" \
    "superset.app:create_app()"
