"""Superset on this machine only: its own SQLite file, no telemetry, reachable at 127.0.0.1.

For anything else put Superset's own recommendations in its place.
"""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = (HOME / "secret_key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"

# Superset's pages carry a counting pixel of another host, and ask map servers we do not use; the
# browser is told to load nothing from elsewhere.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # It answers on 127.0.0.1 only, where there is no certificate.
    "force_https": False,
    "session_cookie_secure": False,
}
