#!/usr/bin/env bash
# Superset over a published release: sets up what is missing, builds the dashboard, serves it.
#
#     docs/superset/start.sh DATA_DIR [PORT]
#
# User and password are admin and admin; only this machine reaches it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:-$root/data}
port=${2:-8088}
venv=$root/.venv-superset

if [ ! -f "$data/published/territory.duckdb" ]; then
    echo "Nothing is published in $data; run the pipeline first, or name its data folder." >&2
    exit 2
fi
"$here/install.sh"

export SUPERSET_HOME=${SUPERSET_HOME:-$root/.superset}
export SUPERSET_CONFIG_PATH=$here/superset_config.py
export FLASK_APP=superset
export SCARF_ANALYTICS=false

mkdir -p "$SUPERSET_HOME"
if [ ! -f "$SUPERSET_HOME/secret_key" ]; then
    (umask 077 && "$venv/bin/python" -c 'import secrets; print(secrets.token_urlsafe(42), end="")' \
        >"$SUPERSET_HOME/secret_key")
fi
"$venv/bin/python" "$here/dashboard.py" "$(cd "$data" && pwd)/published"
echo "http://127.0.0.1:$port/superset/dashboard/territory-plan/"
exec "$venv/bin/gunicorn" --workers 1 --threads 8 --timeout 120 --bind "127.0.0.1:$port" \
    "superset.app:create_app()"
