"""Request weights, counted as Binance counts them: per minute, told in every answer's headers, and refused beyond.

Who goes on after a 429 is banned (418). https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
"""

from __future__ import annotations

from typing import final

from aiohttp import web

from tests.emulator.binance_errors import Refused, words
from tests.emulator.world import EmulatedVenue

_MINUTE_MS = 60_000
_ORDER_WINDOW_MS = 10_000
_TRIES_BEFORE_BAN = 20
_DEFAULTS = {False: (6_000, 100), True: (2_400, 300)}  # by whether it is a perp: weight per minute, orders per 10 s

# By the end of the path: spot, USD-M. What is not here weighs one.
_WEIGHTS = {
    "exchangeInfo": (20, 1),
    "account": (20, 5),
    "balance": (1, 5),
    "openOrders": (6, 1),
    "allOrders": (20, 5),
    "myTrades": (20, 5),
    "userTrades": (20, 5),
    "klines": (2, 2),
    "trades": (25, 5),
    "aggTrades": (4, 20),
    "positionRisk": (5, 5),
    "commissionRate": (20, 20),
    "commission": (20, 20),
}
_DEPTH = {False: ((100, 5), (500, 25), (1000, 50), (5000, 250)), True: ((50, 2), (100, 5), (500, 10), (1000, 20))}


@final
class Limits:
    """The counters of one venue. `EmulatedVenue.weight_per_minute` and `orders_per_10s` override what Binance allows."""

    def __init__(self, venue: EmulatedVenue) -> None:
        self._venue = venue
        self._minute = self._window = 0
        self._weight = self._orders = self._ignored = 0

    @property
    def weight_limit(self) -> int:
        return self._venue.weight_per_minute or _DEFAULTS[self._venue.is_perp][0]

    @property
    def order_limit(self) -> int:
        return self._venue.orders_per_10s or _DEFAULTS[self._venue.is_perp][1]

    def count(self, path: str, depth: int | None) -> web.Response | None:
        """Count one request; the refusal when it is one too many. `depth`: levels asked for, where that is the question."""
        now_ms = self._venue.now_ms()
        if now_ms // _MINUTE_MS != self._minute:
            self._minute, self._weight, self._ignored = now_ms // _MINUTE_MS, 0, 0
        self._weight += self._weight_of(path, depth)
        if self._weight <= self.weight_limit:
            return None
        self._ignored += 1
        retry_after_s = (_MINUTE_MS - now_ms % _MINUTE_MS + 999) // 1000
        return words(418 if self._ignored > _TRIES_BEFORE_BAN else 429, retry_after_s)

    def count_order(self) -> None:
        """Count one new order.

        Raises:
            Refused: too many in these ten seconds.
        """
        now_ms = self._venue.now_ms()
        if now_ms // _ORDER_WINDOW_MS != self._window:
            self._window, self._orders = now_ms // _ORDER_WINDOW_MS, 0
        self._orders += 1
        if self._orders > self.order_limit:
            sentence = f"Too many new orders; current limit is {self.order_limit} orders per 10 SECOND."
            raise Refused(-1015, sentence, 429)

    def headers(self) -> dict[str, str]:
        """What every answer tells."""
        return {"X-MBX-USED-WEIGHT-1M": str(self._weight), "X-MBX-ORDER-COUNT-10S": str(self._orders)}

    def published(self) -> list[dict[str, object]]:
        """`rateLimits` of exchangeInfo."""
        weight = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.weight_limit}
        return [weight, {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": self.order_limit}]

    def _weight_of(self, path: str, depth: int | None) -> int:
        perp = self._venue.is_perp
        name = path.rpartition("/")[2]
        if name == "depth":
            return next((weight for most, weight in _DEPTH[perp] if (depth or 100) <= most), 250)
        return _WEIGHTS.get(name, (1, 1))[perp]
