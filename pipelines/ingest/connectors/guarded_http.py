"""HTTP that ends: time limits, a limit on the body, no redirects, patience with busy servers.

A `requests.Session`, so that client libraries take it as their own. Whatever goes wrong becomes an
InputError that names the host and path, never a header, query or body: those may hold secrets.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from pipelines.errors import InputError

# What a server says when the same request may succeed a little later.
_BUSY = frozenset({429, 500, 502, 503, 504})
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class HttpLimits:
    """What one request may take.

    Attributes:
        timeout_seconds: for connecting, and between two pieces of a body.
        total_seconds: for a whole body, however steadily it trickles.
        body_bytes: largest body after decompression.
        attempts: how often a request is tried.
        first_wait_seconds: pause before the second try; doubles with each further one.
        longest_wait_seconds: a server that asks for a longer pause ends the run.
    """

    timeout_seconds: float = 60
    total_seconds: float = 600
    body_bytes: int = 512 << 20
    attempts: int = 6
    first_wait_seconds: float = 1
    longest_wait_seconds: float = 120


class GuardedSession(requests.Session):
    """A session whose every request keeps `limits`.

    `note` is told of each pause, in words for the user.
    """

    def __init__(
        self,
        limits: HttpLimits,
        *,
        note: Callable[[str], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self._limits = limits
        self._note = note
        self._sleep = sleep
        # A .netrc of the machine must not replace the token of the request.
        self.trust_env = False

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        """As `requests.Session.request`, tried again while the server is busy or unreachable.

        The last answer of a busy server is returned, so that the client library explains it.
        """
        where = _place(str(url))
        for attempt in range(1, self._limits.attempts + 1):
            pause = self._limits.first_wait_seconds * 2 ** (attempt - 1)
            is_last = attempt == self._limits.attempts
            try:
                response = self._once(str(method), str(url), where, *args, **options)
            except (requests.ConnectionError, requests.Timeout, _CutOff) as error:
                if is_last:
                    raise InputError(
                        f"{where}: {_reason(error)}, {attempt} times in a row; try again later"
                    ) from None
                reason = _reason(error)
            else:
                if response.status_code not in _BUSY or is_last:
                    return response
                reason = f"answered {response.status_code}"
                pause = max(pause, _retry_after(response))
            if pause > self._limits.longest_wait_seconds:
                raise InputError(
                    f"{where}: {reason} and wants {pause:,.0f} s of patience, more than "
                    f"{self._limits.longest_wait_seconds:,.0f} s; run again after that"
                )
            if self._note is not None:
                self._note(f"{where} {reason}; waiting {pause:,.1f} s")
            self._sleep(pause)
        raise AssertionError("unreachable")

    def _once(
        self, method: str, url: str, where: str, *args: Any, **options: Any
    ) -> requests.Response:
        options |= {
            "stream": True,
            "allow_redirects": False,
            "timeout": self._limits.timeout_seconds,
        }
        response = super().request(method, url, *args, **options)
        if response.is_redirect:
            target = _place(response.headers.get("Location", ""))
            response.close()
            raise InputError(
                f"{where}: redirects to {target}, which is not followed, because the token would "
                "go there; set the address of the source to the right one"
            )
        # requests keeps a body that was read as `_content`; every client reads it from there.
        response._content = self._body(response, where)
        return response

    def _body(self, response: requests.Response, where: str) -> bytes:
        started = time.monotonic()
        pieces, size = [], 0
        try:
            # Not iter_content: it waits until a whole piece is there, however long that takes.
            while piece := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                size += len(piece)
                if size > self._limits.body_bytes:
                    raise InputError(
                        f"{where}: sends more than {self._limits.body_bytes >> 20:,} MB in one "
                        "answer; this is no data of a CRM, or its page size is far too large"
                    )
                if time.monotonic() - started > self._limits.total_seconds:
                    raise _CutOff(f"takes more than {self._limits.total_seconds:,.0f} s to answer")
                pieces.append(piece)
        except urllib3.exceptions.ReadTimeoutError:
            raise _CutOff("does not go on with its answer in time") from None
        except urllib3.exceptions.DecodeError:
            raise _CutOff("sent an answer that cannot be decompressed") from None
        except (urllib3.exceptions.HTTPError, OSError):
            raise _CutOff("broke off in the middle of an answer") from None
        finally:
            response.close()
        return b"".join(pieces)


class _CutOff(Exception):
    """An answer that did not arrive whole; its text says how."""


def _reason(error: Exception) -> str:
    if isinstance(error, _CutOff):
        return str(error)
    if isinstance(error, requests.Timeout):
        return "does not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no certificate that this machine trusts"
    return "cannot be reached or closed the connection"


def _retry_after(response: requests.Response) -> float:
    """Seconds the server asks to wait, in either form of the header; 0 without one."""
    text = response.headers.get("Retry-After", "")
    try:
        return max(float(text), 0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0
    return max((moment - datetime.now(UTC)).total_seconds(), 0)


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else url[:80]
