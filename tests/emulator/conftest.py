"""A quiet emulator of all four markets, and ccxt's clients on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.emulator import Emulator, HandFeed
from tests.emulator.ccxt_clients import PERP_SYMBOL, OneMarket, ccxt_client
from tests.emulator.markets import ASKS, BIDS, SYMBOL, VENUES, instrument


@pytest.fixture
def feed() -> HandFeed:
    return HandFeed(instrument(venue) for venue in VENUES)


@pytest_asyncio.fixture
async def emulator(feed: HandFeed) -> AsyncIterator[Emulator]:
    """Every venue shows 1, 2, 3 BTC at 100, 99.5, 99 and at 100.5, 101, 101.5. Diffs are told at once."""
    async with Emulator(feed, latency_ms=1.0, depth_interval_s=0.005) as running:
        for venue in VENUES:
            feed.snapshot(venue, BIDS, ASKS)
        yield running


@pytest_asyncio.fixture
async def spot(emulator: Emulator) -> AsyncIterator[Any]:
    async with ccxt_client("binance", emulator.address) as client:
        yield client


@pytest_asyncio.fixture
async def perp(emulator: Emulator) -> AsyncIterator[Any]:
    async with ccxt_client("binanceusdm", emulator.address) as client:
        yield client


@pytest_asyncio.fixture(params=["binance_spot", "binance_perp"])
async def binance(request: pytest.FixtureRequest, emulator: Emulator) -> AsyncIterator[OneMarket]:
    """Both of Binance's markets in turn."""
    spot = request.param == "binance_spot"
    async with ccxt_client("binance" if spot else "binanceusdm", emulator.address) as client:
        yield OneMarket(client, SYMBOL if spot else PERP_SYMBOL, emulator.venues[request.param])
