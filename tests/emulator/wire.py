"""Small things that every exchange's words are made of: exact decimals as text, JSON answers, HMAC signatures."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal

import orjson
from aiohttp import web

# One account for every exchange; they open nothing anywhere else.
KEY = "emulator-key"
SECRET = "emulator-secret"


def text(value: Decimal | int, places: int | None = None) -> str:
    """`value` in plain digits, padded to `places` decimals where the venue pads.

    Never rounds: a value with more decimals than `places` is shown with all of them.
    """
    plain = format(Decimal(value), "f")
    if not places:
        return plain
    whole, _, decimals = plain.partition(".")
    return f"{whole}.{decimals:0<{places}}"


def encode(message: object) -> str:
    """One JSON text frame."""
    return orjson.dumps(message).decode()


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An HTTP answer in JSON."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=headers)


def signature_of(payload: str) -> str:
    """HMAC-SHA256 of `payload` under the account's secret, in hex: what both exchanges ask for."""
    return hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
