"""A server on this machine that speaks a protocol over real HTTP, and fails on demand."""

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def line(self) -> str:
        """Method, path and query, as faults match them."""
        asked = "&".join(f"{key}={value}" for key, values in self.query.items() for value in values)
        return f"{self.method} {self.path}?{asked}"


@dataclass(frozen=True)
class Answer:
    """What the server says."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(
        json.dumps(content).encode(), status, {"Content-Type": "application/json"} | headers
    )


@dataclass
class Fault:
    """What goes wrong with the first `times` requests (all of them, if None) that match `where`.

    `kind`: `status` answers `answer`; `cut` closes in the middle of the body; `hang` and `trickle`
    send nothing or single bytes for `seconds`; `redirect` sends to `location`; `huge` sends a body
    that unpacks to `size` bytes.
    """

    where: str
    kind: str
    times: int | None = 1
    answer: Answer | None = None
    seconds: float = 0
    location: str = ""
    size: int = 0
    skip: int = 0

    def strikes(self, request: Request) -> bool:
        if not re.search(self.where, request.line):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class ServerDied(Exception):
    """Raised by an application that answers nothing any more: the connection just ends."""


class Application(Protocol):
    def answer(self, request: Request) -> Answer: ...


class ProtocolServer:
    """`application` behind a port of this machine; `requests` are all that were made."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def made(self, pattern: str) -> int:
        """How many requests matched `pattern`."""
        return sum(bool(re.search(pattern, request.line)) for request in self.requests)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes; together with a delayed acknowledgement they take 40 ms.
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: Any) -> None:
                return None

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(
                    self.command,
                    parts.path,
                    parse_qs(parts.query),
                    {key.lower(): value for key, value in self.headers.items()},
                    body,
                )
                try:
                    fault, answer = self._answered(request)
                except ServerDied:
                    self.close_connection = True
                    return
                if fault is None:
                    assert answer is not None
                    self._send(answer)
                else:
                    self._fail(fault, answer)

            def _answered(self, request: Request) -> tuple[Fault | None, Answer | None]:
                with server._lock:
                    server.requests.append(request)
                    fault = next((f for f in server.faults if f.strikes(request)), None)
                    answer = server.application.answer(request) if fault is None else None
                    if fault is not None and fault.kind in ("cut", "trickle"):
                        answer = server.application.answer(request)
                return fault, answer

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def _send(self, answer: Answer, body: bytes | None = None) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body if body is None else body)

            def _fail(self, fault: Fault, answer: Answer | None) -> None:
                self.close_connection = True
                if fault.kind == "status":
                    assert fault.answer is not None
                    self._send(fault.answer)
                elif fault.kind == "cut":
                    assert answer is not None
                    self._send(answer, answer.body[: len(answer.body) // 2])
                elif fault.kind == "hang":
                    time.sleep(fault.seconds)
                elif fault.kind == "trickle":
                    assert answer is not None
                    self._send(answer, b"")
                    stop = time.monotonic() + fault.seconds
                    for byte in answer.body:
                        if time.monotonic() > stop:
                            break
                        try:
                            self.wfile.write(bytes([byte]))
                            self.wfile.flush()
                        except OSError:
                            break
                        time.sleep(0.02)
                elif fault.kind == "redirect":
                    self._send(Answer(b"", 302, {"Location": fault.location}))
                elif fault.kind == "huge":
                    packed = gzip.compress(b" " * fault.size, 9)
                    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
                    self._send(Answer(packed, 200, headers))

        return Handler


@contextmanager
def serving(application: Application) -> Iterator[ProtocolServer]:
    """A server that is there inside the block."""
    server = ProtocolServer(application)
    thread = threading.Thread(target=server._server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server._server.shutdown()
        server._server.server_close()
        thread.join()
