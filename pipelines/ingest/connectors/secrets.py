"""Secrets of connections: only from environment variables, never from files, never in a message."""

import os
from urllib.parse import urlsplit

from pipelines.errors import ConfigurationError


def secret(name: str) -> str | None:
    """The value of the environment variable `name`, without white space around it."""
    return os.environ.get(name, "").strip() or None


def checked_url(url: str, setting: str) -> str:
    """`url` without a slash at its end; ConfigurationError unless it is https.

    Plain http is only accepted on this machine: a token would travel in the clear.
    """
    parts = urlsplit(url)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.scheme not in ("https", *(["http"] if is_local else [])):
        raise ConfigurationError(f"{setting}: '{url}' is no https address")
    if parts.username or parts.password or parts.query:
        raise ConfigurationError(
            f"{setting}: an address carries no user name, password or query; secrets come from "
            "environment variables"
        )
    return url.rstrip("/")
