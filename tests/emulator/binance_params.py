"""What came with a request, and whether it was really the account's owner who sent it.

The signature covers the text as it was sent, so it is checked before anything is parsed; it is
checked when the request arrives, because that is when the receive window is measured.
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security
"""

from __future__ import annotations

import hmac
from decimal import Decimal, InvalidOperation
from typing import final
from urllib.parse import parse_qsl

from core.domain.enums import OrderSide
from tests.emulator.binance_errors import No, Refused, key_refused, refused
from tests.emulator.wire import KEY, signature_of
from tests.emulator.world import EmulatedVenue

_DEFAULT_WINDOW_MS = 5_000
_MOST_AHEAD_MS = 1_000
_LONGEST_WINDOW_MS = 60_000


@final
class Params:
    """The parameters of one request to one venue, which complains in Binance's words."""

    def __init__(self, venue: EmulatedVenue, values: dict[str, str]) -> None:
        self.venue = venue
        self.values = values
        self.perp = venue.is_perp

    @classmethod
    def parse(cls, venue: EmulatedVenue, query: str) -> Params:
        return cls(venue, dict(parse_qsl(query, keep_blank_values=True)))

    def no(self, no: No, limit: object = "") -> Refused:
        """A refusal, to be raised."""
        return refused(no, perp=self.perp, limit=limit)

    def get(self, name: str, default: str = "") -> str:
        return self.values.get(name) or default

    def need(self, name: str) -> str:
        """Its value.

        Raises:
            Refused: missing or empty.
        """
        if not self.values.get(name):
            raise self.no(No.NOT_SENT, name)
        return self.values[name]

    def number(self, name: str) -> Decimal:
        """An exact decimal.

        Raises:
            Refused: missing, or not one.
        """
        try:
            value = Decimal(self.need(name))
        except InvalidOperation:
            raise self.no(No.ILLEGAL, name) from None
        if not value.is_finite() or value < 0 or "e" in self.values[name].lower():
            raise self.no(No.ILLEGAL, name)
        return value

    def whole(self, name: str, default: int | None = None) -> int | None:
        """A whole number, `default` when it is missing.

        Raises:
            Refused: not one.
        """
        if not self.values.get(name):
            return default
        if not self.values[name].isdecimal():
            raise self.no(No.ILLEGAL, name)
        return int(self.values[name])

    def limit(self, default: int, most: int) -> int:
        """How many rows are wanted: at most `most`, whatever was asked for."""
        return min(self.whole("limit", default) or default, most)

    def symbol(self) -> str:
        """Our symbol.

        Raises:
            Refused: missing or unknown.
        """
        market = self.need("symbol")
        if market not in self.venue.markets:
            raise self.no(No.UNKNOWN_SYMBOL)
        return self.venue.markets[market]

    def side(self) -> OrderSide:
        side = self.need("side")
        if side not in ("BUY", "SELL"):
            raise self.no(No.SIDE)
        return OrderSide(side.lower())

    def flag(self, name: str) -> bool:
        return self.get(name).lower() == "true"


def check_key(key: str | None) -> None:
    """The account's key, or a refusal."""
    if not key:
        raise Refused(-2014, "API-key format invalid.", 401)
    if key != KEY:
        raise key_refused()


def check_signed(params: Params, signed_text: str, signature: str) -> None:
    """Signature, then receive window, on the venue's clock.

    Raises:
        Refused: wrong signature; sent too long ago, or from the future.
    """
    if not hmac.compare_digest(signature_of(signed_text), signature):
        raise params.no(No.SIGNATURE)
    sent_ms = params.whole("timestamp")
    if sent_ms is None:
        raise params.no(No.NOT_SENT, "timestamp")
    window_ms = params.whole("recvWindow", _DEFAULT_WINDOW_MS) or _DEFAULT_WINDOW_MS
    if window_ms > _LONGEST_WINDOW_MS:
        raise params.no(No.RECV_WINDOW_TOO_LARGE)
    now_ms = params.venue.now_ms()
    if sent_ms >= now_ms + _MOST_AHEAD_MS:
        raise params.no(No.AHEAD)
    if now_ms - sent_ms > window_ms:
        raise params.no(No.RECV_WINDOW)


def split_signature(query: str, body: str) -> tuple[str, str]:
    """The text that was signed (query, then body) and the signature, which comes last in one of them."""
    total = query + body
    signed, found, signature = total.rpartition("signature=")
    return (signed.removesuffix("&"), signature.partition("&")[0]) if found else (total, "")
