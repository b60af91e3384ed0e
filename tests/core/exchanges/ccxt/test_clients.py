"""Opening and closing: shared, counted, and nothing is left running whatever was under way."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.clock import SystemClock
from core.domain.credentials import Credentials
from core.domain.errors import UnknownVenue, VenueUnavailable
from core.domain.market import MarketMessage
from core.exchanges.ccxt import connector as connecting
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.connector import CcxtConnector
from core.exchanges.ccxt.market_list import MarketList, MarketLists
from core.exchanges.ccxt.market_loader import load_here
from tests.core.exchanges.ccxt.live import SYMBOL, VENUES, connectors_of, live, market_of
from tests.emulator import KEY, SECRET, Call, Emulator, HandFeed, WireFault
from tests.emulator.markets import instrument


async def test_two_venues_of_one_exchange_share_its_clients_and_the_last_one_closes_them() -> None:
    async with Emulator(market_of("bybit_spot", "bybit_perp")) as emulator:
        connectors = connectors_of(emulator.address, "bybit_spot", "bybit_perp")
        spot, perp = connectors.values()
        await asyncio.gather(spot.open(), perp.open(), spot.open())
        listings = [request for request in emulator.requests if request.path.endswith("instruments-info")]
        assert len(listings) == len({request.body for request in listings})  # each kind of market once, for both
        assert spot.instruments[SYMBOL].market_type != perp.instruments[SYMBOL].market_type
        await spot.close()
        await spot.close()
        await perp.subscribe(SYMBOL)
        await perp.close()
        with pytest.raises(VenueUnavailable, match="not connected"):
            await perp.subscribe(SYMBOL)


async def test_thousands_of_markets_are_taken_in_beside_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[bool] = []
    set_on = MarketList.set_on

    def noted(markets: MarketList, client: object) -> None:
        where.append(threading.current_thread() is threading.main_thread())
        set_on(markets, client)

    monkeypatch.setattr(MarketList, "set_on", noted)
    async with live("binance_perp"):
        assert where
        assert not any(where)


async def test_a_closed_venue_opens_again() -> None:
    async with live("binance_perp") as watched:
        await watched.connector.close()
        await watched.start()


async def test_an_exchange_that_is_not_there_is_unavailable_and_can_be_tried_again() -> None:
    async with Emulator(market_of("binance_spot")) as emulator:
        [connector] = connectors_of(emulator.address, "binance_spot").values()
        await emulator.stop_listening()
        with pytest.raises(VenueUnavailable, match=r"^binance can't be reached to list its markets\.$"):
            await connector.open()
        assert not connector.instruments
        await emulator.listen()
        await connector.open()
        assert SYMBOL in connector.instruments
        await connector.close()


async def test_an_exchange_that_ccxt_does_not_know_is_unknown() -> None:
    clock = SystemClock()
    clients = ExchangeClients("nosuch", Access("public"), clock, MarketLists(clock, load=load_here))
    with pytest.raises(UnknownVenue, match="ccxt knows no exchange 'nosuch'"):
        await CcxtConnector("nosuch_spot", clients, clock).open()


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("turns", [0, 1, 3, 10, 40])
async def test_closing_in_the_middle_of_a_subscription_leaves_nothing(venue: str, turns: int) -> None:
    """The dial, the subscription or the snapshot's request is under way; `tests/leaks.py` looks for what is left."""
    async with live(venue, started=False) as watched:
        await watched.connector.open()
        watched.books.register(watched.connector.instruments[SYMBOL])
        await watched.connector.subscribe(SYMBOL)
        for _ in range(turns):
            await asyncio.sleep(0)
        await watched.connector.close()


async def test_closing_while_the_venue_is_away_leaves_no_dial_asleep() -> None:
    async with live("bybit_perp") as watched:
        await watched.emulator.stop_listening()
        await watched.until(lambda: len(watched.gaps) >= 3)
        await watched.connector.close()


@pytest.mark.parametrize("turns", [0, 3, 10, 30, 100])
async def test_a_cancelled_opening_leaves_nothing(turns: int) -> None:
    async with Emulator(market_of("binance_spot")) as emulator:
        [connector] = connectors_of(emulator.address, "binance_spot").values()
        opening = asyncio.ensure_future(connector.open())
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await connector.close()
    gc.collect()  # an unclosed session says so when it is thrown away, and a warning fails the test


@pytest.mark.parametrize("venue", VENUES)
async def test_with_keys_a_subscribed_symbol_has_the_accounts_own_fees_before_its_first_message(venue: str) -> None:
    own = replace(instrument(venue), taker_fee=Decimal("0.00033"), maker_fee=Decimal("-0.00005"))
    async with Emulator(HandFeed([own])) as emulator:
        keys = Credentials(venue.partition("_")[0], "test", KEY, SECRET)
        [connector] = connectors_of(emulator.address, venue, credentials=keys).values()
        told: list[MarketMessage] = []
        connector.on_market(told.append)
        await connector.open()
        assert connector.instruments[SYMBOL].taker_fee != own.taker_fee
        await connector.subscribe(SYMBOL)
        found = connector.instruments[SYMBOL]
        assert (found.taker_fee, found.maker_fee) == (own.taker_fee, own.maker_fee)
        assert not told
        await connector.close()


@pytest.mark.parametrize("fault", [WireFault.HTTP_500, WireFault.HANG_LOST])
async def test_fees_that_can_not_be_had_do_not_keep_the_book_away(fault: WireFault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "_FEES_S", 0.3)
    async with live("bybit_spot", started=False, credentials=Credentials("bybit", "test", KEY, SECRET)) as watched:
        await watched.connector.open()
        everybodys = watched.connector.instruments[SYMBOL]
        watched.behind.faults.next(Call.QUERY, fault)
        await watched.start()
        assert watched.connector.instruments[SYMBOL] == everybodys
