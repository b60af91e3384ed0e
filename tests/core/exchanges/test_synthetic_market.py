"""The demo's market: alive, plausible, and the same again for the same seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from core.domain.clock import MICROSECONDS, SimulatedClock
from core.domain.enums import MarketType
from core.domain.errors import UnknownSymbol, UnknownVenue
from core.domain.events import Notice
from core.domain.market import BookMessage, BookState, MarketMessage, PublicTrade
from core.exchanges.paper.demo_venues import DEMO_VENUES
from core.exchanges.paper.synthetic import SyntheticFeed
from core.market.book import OrderBook

SYMBOLS = ("BTC/USDT", "ETH/USDT")


async def listen(feed: SyntheticFeed, clock: SimulatedClock, seconds: float) -> list[MarketMessage]:
    """Everything that `feed` says in its first `seconds`."""
    messages: list[MarketMessage] = []
    for venue in feed.instruments():
        feed.attach(venue, messages.append)
    running = asyncio.create_task(feed.run())
    await clock.advance(seconds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return messages


def play(seed: int, seconds: float, venues: Sequence[str] | None = None) -> list[MarketMessage]:
    clock = SimulatedClock()
    return asyncio.run(listen(SyntheticFeed(clock, seed, venues), clock, seconds))


@pytest.fixture(scope="module")
def minute() -> list[MarketMessage]:
    """One minute of both symbols on all venues."""
    return play(7, 60)


def test_every_venue_shows_every_symbol_at_once() -> None:
    messages = play(7, 0)
    assert {(message.venue, message.symbol) for message in messages} == {(venue, symbol) for venue in DEMO_VENUES for symbol in SYMBOLS}
    assert len(DEMO_VENUES) >= 6
    for message in messages:
        assert isinstance(message, BookMessage)
        assert message.is_snapshot
        assert 200 <= len(message.bid_ticks) <= 450
        assert 200 <= len(message.ask_ticks) <= 450


def test_the_same_seed_is_the_same_market_and_another_is_another() -> None:
    assert play(3, 5) == play(3, 5)
    assert play(3, 5) != play(4, 5)


def test_no_venue_is_ever_crossed_and_every_number_follows_its_predecessor(minute: list[MarketMessage]) -> None:
    feed = SyntheticFeed(SimulatedClock())
    books = {(venue, symbol): OrderBook(rules) for venue, symbols in feed.instruments().items() for symbol, rules in symbols.items()}
    for message in minute:
        if isinstance(message, BookMessage):
            book = books[message.venue, message.symbol]
            assert message.is_snapshot or message.prev_seq == book.seq
            book.apply(message)
            assert book.state is BookState.LIVE, book.note


def test_messages_come_in_order_of_time_and_the_venue_is_always_a_little_ahead(minute: list[MarketMessage]) -> None:
    received = [message.received_us for message in minute]
    assert received == sorted(received)
    assert all(isinstance(message, BookMessage | PublicTrade) and message.ts_us <= message.received_us for message in minute)


def test_it_feels_alive(minute: list[MarketMessage]) -> None:
    updates = Counter((message.venue, message.symbol) for message in minute if isinstance(message, BookMessage))
    prints = Counter((message.venue, message.symbol) for message in minute if isinstance(message, PublicTrade))
    for venue in DEMO_VENUES:
        for symbol in SYMBOLS:
            assert 4 <= updates[venue, symbol] / 60 <= 30
            assert prints[venue, symbol] / 60 > 0.5
            assert len(set(touch_of(minute, venue, symbol))) > 30


def touch_of(messages: list[MarketMessage], venue: str, symbol: str) -> list[tuple[int, int]]:
    """Best bid and ask after every update, in ticks."""
    book = OrderBook(DEMO_VENUES[venue].instruments[symbol])
    touches = []
    for message in messages:
        if isinstance(message, BookMessage) and (message.venue, message.symbol) == (venue, symbol):
            book.apply(message)
            assert book.best_bid_tick is not None
            assert book.best_ask_tick is not None
            touches.append((book.best_bid_tick, book.best_ask_tick))
    return touches


def test_prints_happen_at_levels_that_were_there(minute: list[MarketMessage]) -> None:
    """Never more than the level had, so that a trade can be believed by whoever queues there."""
    for venue in DEMO_VENUES:
        book = OrderBook(DEMO_VENUES[venue].instruments["BTC/USDT"])
        traded: Counter[int] = Counter()
        for message in minute:
            if (message.venue, message.symbol) != (venue, "BTC/USDT"):
                continue
            if isinstance(message, PublicTrade):
                traded[message.price_ticks] += message.size_units
                assert traded[message.price_ticks] <= book.size_at(message.side == "sell", message.price_ticks)
            elif isinstance(message, BookMessage):
                book.apply(message)
                traded.clear()


def test_depth_is_thin_at_the_touch_and_grows_outwards(minute: list[MarketMessage]) -> None:
    for venue in DEMO_VENUES:
        rules = DEMO_VENUES[venue].instruments["BTC/USDT"]
        book = OrderBook(rules)
        for message in minute:
            if isinstance(message, BookMessage) and (message.venue, message.symbol) == (venue, "BTC/USDT"):
                book.apply(message)
        for side in (book.levels("bids"), book.levels("asks")):
            distance_bps = np.abs(side.ticks / side.ticks[0] - 1) * 1e4
            amounts = side.sizes * float(rules.size_unit)
            near, middle, far = (amounts[(distance_bps >= low) & (distance_bps < high)].sum() for low, high in ((0, 5), (5, 30), (30, 100)))
            assert 0 < near < middle < far
            assert 0.5 < amounts.sum() / DEMO_VENUES[venue].depth < 3
            assert 80 < distance_bps[-1] < 115
            assert amounts.max() > 6 * np.median(amounts)


def test_merged_books_cross_rarely_briefly_and_by_little(minute: list[MarketMessage]) -> None:
    for symbol in SYMBOLS:
        crossed_us, worst_bps = crossing(minute, symbol)
        assert crossed_us / (60 * MICROSECONDS) < 0.05
        assert worst_bps < 5


def crossing(messages: list[MarketMessage], symbol: str) -> tuple[int, float]:
    """How long the merged book was crossed (µs), and by how much at worst (bps)."""
    books = {venue: OrderBook(venues.instruments[symbol]) for venue, venues in DEMO_VENUES.items()}
    total_us, worst_bps, crossed_since = 0, 0.0, None
    for message in messages:
        if not isinstance(message, BookMessage) or message.symbol != symbol:
            continue
        books[message.venue].apply(message)
        ready = [book for book in books.values() if book.state is BookState.LIVE]
        bid = max(book.instrument.price_of(book.best_bid_tick or 0) for book in ready)
        ask = min(book.instrument.price_of(book.best_ask_tick or 0) for book in ready)
        if crossed_since is not None:
            total_us += message.received_us - crossed_since
        crossed_since = message.received_us if bid >= ask else None
        worst_bps = max(worst_bps, float((bid - ask) / ask) * 1e4)
    return total_us, worst_bps


def test_venues_differ_and_perps_carry_a_basis(minute: list[MarketMessage]) -> None:
    middles = {}
    for venue, demo in DEMO_VENUES.items():
        tick = float(demo.instruments["BTC/USDT"].tick)
        middles[venue] = np.mean([(bid + ask) / 2 * tick for bid, ask in touch_of(minute, venue, "BTC/USDT")])
    spot = np.mean([middle for venue, middle in middles.items() if venue.endswith("_spot")])
    perp = np.mean([middle for venue, middle in middles.items() if venue.endswith("_perp")])
    assert 0 < (perp / spot - 1) * 1e4 < 5
    assert len({round(middle, 1) for middle in middles.values()}) == len(middles)
    assert len({(demo.latency_ms, demo.depth, demo.update_ms) for demo in DEMO_VENUES.values()}) == len(DEMO_VENUES)


def test_prices_are_realistic_and_wander_without_jumping(minute: list[MarketMessage]) -> None:
    for symbol, low, high in (("BTC/USDT", 61_000, 62_600), ("ETH/USDT", 2_600, 2_700)):
        tick = float(DEMO_VENUES["binance_spot"].instruments[symbol].tick)
        bids = [bid * tick for bid, _ in touch_of(minute, "binance_spot", symbol)]
        assert low < min(bids) < max(bids) < high
        assert max(bids) / min(bids) > 1.0001
        assert max(abs(after / before - 1) for before, after in pairwise(bids)) < 0.001


def test_instruments_are_those_of_the_real_venues() -> None:
    rules = SyntheticFeed(SimulatedClock()).instruments()
    assert rules["binance_perp"]["BTC/USDT"].market_type is MarketType.PERP
    assert rules["binance_perp"]["BTC/USDT"].min_notional == 100
    assert rules["kraken_spot"]["BTC/USDT"].taker_fee == Decimal("0.0026")
    for venue, symbols in rules.items():
        for symbol, instrument in symbols.items():
            assert (instrument.venue, instrument.symbol) == (venue, symbol)
            assert instrument.fee_in_base is (venue in ("binance_spot", "bybit_spot", "okx_spot"))


def test_only_the_chosen_venues_are_there() -> None:
    feed = SyntheticFeed(SimulatedClock(), venues=["kraken", "binance_swap"], symbols=["ETH/USDT"])
    assert {venue: list(symbols) for venue, symbols in feed.instruments().items()} == {
        "binance_perp": ["ETH/USDT"],
        "kraken_spot": ["ETH/USDT"],
    }
    with pytest.raises(UnknownVenue):
        SyntheticFeed(SimulatedClock(), venues=["mtgox_spot"])
    with pytest.raises(UnknownSymbol, match="known: BTC/USDT, ETH/USDT"):
        SyntheticFeed(SimulatedClock(), symbols=["DOGE/USDT"])


async def test_after_the_laptop_slept_the_market_goes_on_instead_of_catching_up() -> None:
    clock = SimulatedClock()
    feed = SyntheticFeed(clock, 7, ["binance_spot"], ["BTC/USDT"])
    messages: list[MarketMessage] = []
    notices: list[Notice] = []
    feed.attach("binance_spot", messages.append)
    feed.on_notice(notices.append)
    running = asyncio.create_task(feed.run())
    await clock.advance(1)
    before = len(messages)
    clock.jump_to(clock.now_us() + 3600 * MICROSECONDS)
    await clock.advance(1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert len(messages) - before < 40
    assert "stood still for 36" in notices[0].sentence
    assert messages[-1].received_us > clock.now_us() - MICROSECONDS
