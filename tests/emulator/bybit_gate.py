"""Who may come in: key, signature, time window, permission and rate, in that order.

A timestamp may be old by `recv_window` but ahead of the venue's clock by less than a second, so a fast clock is
refused long before a slow one: https://bybit-exchange.github.io/docs/v5/guide#parameters-for-authenticated-endpoints.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from tests.emulator.bybit_errors import BybitError
from tests.emulator.wire import KEY, signature_of

_AHEAD_MS = 1_000
TOO_MANY = "Too many visits. Exceeded the API Rate Limit."


def check_signature(headers: Mapping[str, str], payload: str, now_ms: int) -> None:
    """Let a signed request in.

    Args:
        payload: the raw query of a GET, the body of a POST.
        now_ms: the venue's clock.

    Raises:
        BybitError: 10003 key, 10002 time, 10004 signature, 10001 something missing.
    """
    key, sent, window = (headers.get(f"X-BAPI-{name}", "") for name in ("API-KEY", "TIMESTAMP", "RECV-WINDOW"))
    if not key or not sent.isdecimal():
        raise BybitError(10001, f"empty value: apiTimestamp[{sent}] apiKey[{key}] apiSignature[]: openapi sign params error!")
    if key != KEY:
        raise BybitError(10003, "API key is invalid.")
    recv_window = int(window) if window.isdecimal() else 5_000
    if not now_ms - recv_window <= int(sent) < now_ms + _AHEAD_MS:
        raise BybitError(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{sent}],server_timestamp[{now_ms}],recv_window[{recv_window}]",
        )
    origin = f"{sent}{key}{window}{payload}"
    if headers.get("X-BAPI-SIGN", "") != signature_of(origin):
        raise BybitError(10004, f"error sign! origin_string[{origin}]")


def check_stream_signature(args: list[object], now_ms: int) -> bool:
    """Whether a private stream's `auth` is good: key, a deadline that is yet to come, and its signature."""
    if len(args) != 3:
        return False
    key, expires, signature = (str(arg) for arg in args)
    return key == KEY and expires.isdecimal() and int(expires) > now_ms and signature == signature_of(f"GET/realtime{expires}")


@final
class RateLimits:
    """Requests per second, counted per endpoint and category over a window that slides.

    Attributes:
        enforced: False lets everything through; the headers count all the same.
    """

    def __init__(self, clock: Clock) -> None:
        self.enforced = True
        self._clock = clock
        self._seen: defaultdict[str, deque[int]] = defaultdict(deque)

    def take(self, what: str, limit: int, skew_ms: int) -> dict[str, str]:
        """Count one request.

        Returns:
            The headers that every answer of a counted endpoint carries.

        Raises:
            BybitError: 10006, with the moment of the reset in its headers.
        """
        now_us, seen = self._clock.now_us(), self._seen[what]
        while seen and seen[0] <= now_us - MICROSECONDS:
            seen.popleft()
        if self.enforced and len(seen) >= limit:
            raise BybitError(10006, TOO_MANY, headers=limit_headers(limit, 0, (seen[0] + MICROSECONDS) // 1000 + skew_ms))
        seen.append(now_us)
        return limit_headers(limit, max(limit - len(seen), 0), now_us // 1000 + skew_ms)


def limit_headers(limit: int, left: int, reset_ms: int) -> dict[str, str]:
    """https://bybit-exchange.github.io/docs/v5/rate-limit."""
    return {"X-Bapi-Limit": str(limit), "X-Bapi-Limit-Status": str(left), "X-Bapi-Limit-Reset-Timestamp": str(reset_ms)}
