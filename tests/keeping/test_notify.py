"""Notifications over a real local server, to a file and to the log; what fails is said."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.keeping.notify import notify
from pipelines.settings.notifications import NotificationSettings

MESSAGE = {"event": "rebalance_proposed", "text": "Northwind has drifted.", "moves": 3}


class Hook(ThreadingHTTPServer):
    """Answers with `status` and keeps what was posted."""

    status = 200
    received: list[Any]


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        server: Hook

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.received.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(self.server.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing on the terminal."""

    server = Hook(("127.0.0.1", 0), Handler)
    server.received = []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def told(settings: dict[str, Any], base: Path) -> tuple[list[str], list[str]]:
    """Failures, and what the log got."""
    log: list[str] = []
    return notify(NotificationSettings(**settings), base, MESSAGE, log.append), log


def test_log_file_and_webhook_all_hear_of_it(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{hook.server_port}/secret")
    wanted = {"file": "told/all.jsonl", "webhook_url_env": "HOOK_URL"}
    for _ in range(2):
        failures, log = told(wanted, tmp_path)
        assert failures == []
        assert log == ["Northwind has drifted."]
    lines = (tmp_path / "told" / "all.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [MESSAGE, MESSAGE]
    assert hook.received == [("application/json", MESSAGE)] * 2


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_said_without_the_address(
    hook: Hook, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = status
    monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{hook.server_port}/secret")
    failures, _ = told({"webhook_url_env": "HOOK_URL"}, tmp_path)
    assert failures == [f"the webhook of $HOOK_URL answered {status} instead of 2xx"]
    assert len(hook.received) == 1


def test_nobody_at_home_and_no_address_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_URL", "http://127.0.0.1:9/secret")
    (failure,), _ = told({"webhook_url_env": "HOOK_URL"}, tmp_path)
    assert "cannot be reached" in failure
    assert "secret" not in failure
    monkeypatch.delenv("HOOK_URL")
    (failure,), _ = told({"webhook_url_env": "HOOK_URL", "log": False}, tmp_path)
    assert "$HOOK_URL holds no http(s) address" in failure


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (failure,), log = told({"file": "taken"}, tmp_path)
    assert "notifications.file" in failure
    assert log
