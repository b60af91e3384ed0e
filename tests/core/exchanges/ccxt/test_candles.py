"""Minutes in pages of whatever size an exchange likes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.domain.candles import MINUTE_US
from core.domain.enums import MarketType
from core.domain.errors import VenueError
from core.domain.instruments import Instrument
from core.exchanges.ccxt.candles import fetch_candles
from tests.core.exchanges.ccxt.live import SYMBOL, VENUES, live
from tests.emulator import Call, WireFault

SPOT = Instrument("x_spot", SYMBOL, MarketType.SPOT, tick=Decimal("0.1"), lot=Decimal("0.001"))
FIRST_US = 28_333_334 * MINUTE_US


class Exchange:
    """Knows minutes of volume 1, 2, 3 … from `first` on, all but `holes`, and gives `page` at once."""

    timeframes = {"1m": "1m"}  # noqa: RUF012 — as ccxt has it

    def __init__(self, *, page: int = 100, first: int = 0, holes: range = range(0), ccxt_id: str = "x") -> None:
        self.has = {"fetchOHLCV": True}
        self.id = ccxt_id
        self.asked: list[int] = []
        self._page, self._first, self._holes = page, first, holes

    def feature_value(self, symbol: str, method: str, name: str) -> int | None:
        return self._page

    async def fetch_ohlcv(self, symbol: str, timeframe: str, since: int, limit: int, params: dict[str, Any]) -> list[list[float | None]]:
        self.asked.append(limit)
        start = max((since * 1_000 - FIRST_US) // MINUTE_US, self._first)
        window = range(start, (since * 1_000 - FIRST_US) // MINUTE_US + limit)
        return [[(FIRST_US + n * MINUTE_US) / 1_000, 1, 1, 1, 1, n + 1] for n in window if n not in self._holes]


async def volumes(exchange: Exchange, minutes: int, instrument: Instrument = SPOT) -> list[float]:
    found = await fetch_candles(exchange, instrument, SYMBOL, FIRST_US, FIRST_US + minutes * MINUTE_US)
    starts = [candle.start_us for candle in found]
    assert starts == sorted(set(starts))
    return [candle.volume for candle in found]


@pytest.mark.parametrize("page", [1, 7, 100, 300, 1_000])
async def test_every_minute_comes_once_whatever_the_page(page: int) -> None:
    assert await volumes(Exchange(page=page), 250) == [float(n + 1) for n in range(250)]


async def test_a_page_is_asked_for_as_the_exchange_gives_it() -> None:
    exchange = Exchange(page=100)
    await volumes(exchange, 250)
    assert exchange.asked == [100, 100, 50]


async def test_holes_and_a_listing_that_came_later_are_passed_over() -> None:
    assert await volumes(Exchange(page=10, holes=range(5, 47)), 60) == [float(n + 1) for n in range(60) if not 5 <= n < 47]
    assert await volumes(Exchange(page=10, first=55), 60) == [56.0, 57.0, 58.0, 59.0, 60.0]


async def test_volume_in_contracts_becomes_base() -> None:
    perp = replace(SPOT, market_type=MarketType.PERP, contract_size=Decimal("0.01"))
    assert await volumes(Exchange(ccxt_id="gate"), 2, perp) == [0.01, 0.02]
    assert await volumes(Exchange(ccxt_id="okx"), 2, perp) == [1.0, 2.0]


async def test_an_exchange_without_candles_has_none() -> None:
    exchange = Exchange()
    exchange.has = {"fetchOHLCV": False}
    assert not await volumes(exchange, 10)


@pytest.mark.parametrize("venue", VENUES)
async def test_an_emulated_venues_minutes_are_the_feeds_over_many_pages(venue: str) -> None:
    async with live(venue, started=False) as watched:
        await watched.connector.open()
        until_us = FIRST_US + 2_500 * MINUTE_US
        found = await watched.connector.candles(SYMBOL, FIRST_US, until_us)
        known = watched.feed.candles(venue, SYMBOL, FIRST_US, until_us)
        assert [(candle.start_us, candle.volume) for candle in found] == [(candle.start_us, candle.volume) for candle in known]


async def test_a_failing_request_is_one_of_our_errors() -> None:
    async with live("binance_spot", started=False) as watched:
        await watched.connector.open()
        for fault in (WireFault.HTTP_500, WireFault.CUT, WireFault.RATE_LIMITED):
            watched.behind.faults.next(Call.MARKET, fault)
            with pytest.raises(VenueError, match="binance_spot"):
                await watched.connector.candles(SYMBOL, FIRST_US, FIRST_US + 5 * MINUTE_US)
        assert len(await watched.connector.candles(SYMBOL, FIRST_US, FIRST_US + 5 * MINUTE_US)) == 5
