"""`kline.{interval}.{symbol}`: the running candle, pushed with every print that changes it.

A candle is only known to be over when the next one begins, so `confirm` comes late: with the first print of the next
interval. https://bybit-exchange.github.io/docs/v5/websocket/public/kline
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import final

from core.domain.candles import MINUTE_US
from tests.emulator.book import PublicPrint
from tests.emulator.bybit_exchange import Market
from tests.emulator.bybit_public import INTERVALS
from tests.emulator.wire import text
from tests.emulator.world import market_id


@dataclass(slots=True)
class _Candle:
    start_us: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    turnover: Decimal = Decimal(0)


@final
class KlineTopic:
    """One interval of one symbol. `interval` is the venue's word for it, such as '1' or 'D'."""

    def __init__(self, market: Market, symbol: str, interval: str) -> None:
        self.topic = f"kline.{interval}.{market_id(symbol)}"
        self._market = market
        self._interval = interval
        self._step_us = INTERVALS[interval] * MINUTE_US
        self._candle: _Candle | None = None

    def take(self, trade: PublicPrint) -> None:
        """Count one print, and tell."""
        start_us = trade.ts_us // self._step_us * self._step_us
        rows: list[dict[str, object]] = []
        candle = self._candle
        if candle is None or start_us > candle.start_us:
            if candle is not None:
                rows.append(self._row(candle, trade.ts_us, confirm=True))
            candle = self._candle = _Candle(start_us, trade.price, trade.price, trade.price, trade.price)
        candle.high, candle.low = max(candle.high, trade.price), min(candle.low, trade.price)
        candle.close = trade.price
        candle.volume += trade.amount
        candle.turnover += trade.amount * trade.price
        rows.append(self._row(candle, trade.ts_us, confirm=False))
        venue = self._market.venue
        message = {"topic": self.topic, "type": "snapshot", "ts": venue.now_ms(), "data": rows}
        for stream in [stream for stream in venue.streams if self.topic in stream.topics]:
            stream.tell(message, venue)

    def _row(self, candle: _Candle, ts_us: int, *, confirm: bool) -> dict[str, object]:
        return {
            "start": candle.start_us // 1000,
            "end": (candle.start_us + self._step_us) // 1000 - 1,
            "interval": self._interval,
            "open": text(candle.open),
            "high": text(candle.high),
            "low": text(candle.low),
            "close": text(candle.close),
            "volume": text(candle.volume),
            "turnover": text(candle.turnover),
            "confirm": confirm,
            "timestamp": ts_us // 1000,
        }
