"""Telling people that a plan has drifted: the log, a file, a webhook.

A notification is one JSON object. Its `text` is a few sentences, which Slack, Teams and Mattermost
show as they are; the rest is for programs. What cannot be told is said where the run is watched,
and never stops a run.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.settings.notifications import NotificationSettings

Message = Mapping[str, Any]


def notify(
    settings: NotificationSettings, base: Path, message: Message, log: Callable[[str], None]
) -> list[str]:
    """Send `message` everywhere the settings say; what failed, one sentence each.

    Args:
        base: what a relative file of the settings is relative to.
        log: takes the text, where `settings.log` asks for it.
    """
    failures = []
    if settings.log:
        log(str(message["text"]))
    if settings.file is not None:
        failures += _to_file((base / settings.file).resolve(), message)
    if settings.webhook_url_env is not None:
        failures += _to_webhook(settings, message)
    return failures


def _to_file(path: Path, message: Message) -> list[str]:
    line = json.dumps(message, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line)
    except OSError as error:
        return [f"notifications.file: {path} cannot be written ({error.strerror})"]
    return []


def _to_webhook(settings: NotificationSettings, message: Message) -> list[str]:
    """POST as JSON; the address is a secret and stands in no message."""
    import requests

    name = settings.webhook_url_env
    assert name is not None
    url = os.environ.get(name, "")
    if not url.startswith(("http://", "https://")):
        return [
            f"notifications.webhook_url_env: ${name} holds no http(s) address; nothing was sent"
        ]
    try:
        answer = requests.post(
            url,
            json=dict(message),
            timeout=settings.webhook_timeout_seconds,
            # A redirect may lead to where the message was not meant to go.
            allow_redirects=False,
        )
    except requests.RequestException as error:
        return [f"the webhook of ${name} cannot be reached ({type(error).__name__})"]
    if not 200 <= answer.status_code < 300:
        return [f"the webhook of ${name} answered {answer.status_code} instead of 2xx"]
    return []
