"""What happened to one request on the wire: had it left, and what came back. ccxt's exceptions do not say.

The same `InvalidOrder` is raised by ccxt's own checks before anything is sent, by the venue's refusal, and by ccxt's parser when
the order is on the book already. Only the second one is the venue's word. So `fetch`, through which every request goes, is
watched: what it raises came over the wire, what is raised before it never left, and what is raised after it proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_URL_QUERY = re.compile(r"((?:http|ws)s?://[^\s?\"']+)\?[^\s\"']*")
_LISTEN_KEY = re.compile(r"(wss?://[^\s?\"']*?/ws/)[^\s?\"'/]{20,}")
_SIGNED = re.compile(r"(?i)\b(signature|sign|apikey|api_key|secret|passphrase|listenkey)(\"?\s*[=:]\s*\"?)[^\s&\"',}]+")
HIDDEN = "…"


class NoAnswer(Exception):
    """HTTP says that all is well, and what came is no JSON: a page of some proxy. ccxt hands it on, and reads an empty list out of it."""


@dataclass(slots=True)
class Trace:
    """One call of a ccxt method, which may make several requests.

    Attributes:
        left: a request has been handed to the network.
        failure: what the last request raised; None when it brought an answer that is no error.
        headers: of the last answer, in lower case.
        status: of the last answer, as HTTP counts; None when none came.
    """

    left: bool = False
    failure: BaseException | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None

    @property
    def retry_after_s(self) -> float | None:
        """How long the venue asks us to wait; None when it did not say in seconds."""
        try:
            return max(float(self.headers["retry-after"]), 0.0)
        except (KeyError, ValueError):
            return None


_TRACE: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def tracing() -> Iterator[Trace]:
    """Follow the requests that this task makes inside the block, through a client that `watch_wire` has seen."""
    trace = Trace()
    token = _TRACE.set(trace)
    try:
        yield trace
    finally:
        _TRACE.reset(token)


def watch_wire(client: Any) -> None:
    """Let `tracing` see the requests of a ccxt client. Doing it twice changes nothing."""
    if "fetch" in vars(client):
        return
    fetch: Callable[..., Awaitable[Any]] = client.fetch

    async def watched(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        trace = _TRACE.get()
        if trace is None:
            return await fetch(url, method, headers, body)
        trace.left, trace.failure, trace.headers, trace.status = True, None, {}, None
        try:
            answer = await fetch(url, method, headers, body)
            if not isinstance(answer, dict | list):
                raise NoAnswer(f"{client.id} {method} {url} brought no JSON")
            return answer
        except BaseException as error:
            trace.failure = error
            raise

    hear: Callable[..., Any] = client.on_rest_response

    def heard(status: int, reason: str, url: str, method: str, headers: Mapping[str, str], *rest: Any) -> Any:
        """Called by ccxt as soon as an answer is there, before it decides what that means."""
        if (trace := _TRACE.get()) is not None:
            trace.status, trace.headers = status, _lower(headers, client)
        return hear(status, reason, url, method, headers, *rest)

    client.fetch, client.on_rest_response = watched, heard


def _lower(headers: Mapping[str, str], client: Any) -> dict[str, str]:
    """An answer's headers in lower case. Bybit names the moment when its limit ends, in ms, instead of how long that is.

    https://bybit-exchange.github.io/docs/v5/rate-limit
    """
    lower = {name.lower(): value for name, value in headers.items()}
    ends_ms = lower.get("x-bapi-limit-reset-timestamp", "")
    if ends_ms.isdecimal():
        lower.setdefault("retry-after", str(max(int(ends_ms) - client.nonce(), 0) / 1000))
    return lower


def scrubbed(error: object, client: Any = None) -> str:
    """What ccxt says, without anything that signs: its messages hold URLs with keys and signatures, and whole bodies.

    Args:
        client: whose own secrets are looked for as well.
    """
    text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)
    text = _URL_QUERY.sub(rf"\1?{HIDDEN}", text)
    text = _LISTEN_KEY.sub(rf"\1{HIDDEN}", text)
    text = _SIGNED.sub(rf"\1\2{HIDDEN}", text)
    for name in ("apiKey", "secret", "password", "uid", "token", "privateKey"):
        secret = getattr(client, name, None)
        if isinstance(secret, str) and len(secret) > 1:
            text = text.replace(str(secret), HIDDEN)
    return text[:2000]
