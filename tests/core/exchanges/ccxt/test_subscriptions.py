"""Streams that break, lie, fall silent or change their socket: each loss is told at once, and the stream comes back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from core.domain.clock import SimulatedClock
from core.domain.enums import MarketType
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, FeedGap, MarketMessage, PublicTrade
from core.exchanges.ccxt.books import WINDOW_US, BookSubscription
from core.exchanges.ccxt.prints import PrintSubscription
from core.exchanges.ccxt.subscription import LONGEST_PAUSE_S, Subscription
from tests.core.exchanges.ccxt.fake_exchange import FakeExchange

SPOT = Instrument("x_spot", "BTC/USDT", MarketType.SPOT, tick=Decimal("0.1"), lot=Decimal("0.001"))


class NetworkError(Exception):
    """Named as ccxt names it: errors are told apart by the names of their classes."""


class ChecksumError(Exception):
    """The same."""


class DDoSProtection(NetworkError):
    """The same."""


def book(bid: float = 100.0, ask: float = 100.1, nonce: int | None = None) -> dict[str, Any]:
    return {"bids": [[bid, 1.0]], "asks": [[ask, 1.0]], "nonce": nonce, "timestamp": None}


class Watched:
    """One book of a fake exchange, being watched."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.exchange = FakeExchange()
        self.siblings: set[Subscription] = set()
        self.told: list[MarketMessage] = []
        self.stream = BookSubscription(self.exchange, SPOT, "BTC/USDT", (), clock, self.siblings, self.told.append)

    @property
    def books(self) -> list[BookMessage]:
        return [message for message in self.told if isinstance(message, BookMessage)]

    @property
    def gaps(self) -> list[str]:
        return [message.reason for message in self.told if isinstance(message, FeedGap)]

    async def bring(self, *outcomes: Any) -> None:
        for outcome in outcomes:
            self.exchange.bring(outcome)
            await self.clock.settle()

    async def pass_s(self, seconds: float) -> None:
        await self.clock.advance(seconds)


@asynccontextmanager
async def watching() -> AsyncIterator[Watched]:
    watched = Watched(SimulatedClock())
    async with running(watched.stream):
        await watched.clock.settle()
        yield watched


@asynccontextmanager
async def running(stream: Subscription) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(stream.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_first_book_is_told_at_once() -> None:
    async with watching() as watched:
        await watched.bring(book())
        assert [message.is_snapshot for message in watched.books] == [True]


async def test_a_busy_book_is_told_once_in_a_window_and_then_as_it_is_at_its_end() -> None:
    async with watching() as watched:
        first = book(100.0)
        await watched.bring(first, first)
        first["bids"][0][1] = 5.0  # ccxt changes its book in place, and nobody is told
        assert len(watched.books) == 1
        await watched.pass_s(WINDOW_US / 1_000_000)
        assert [message.bid_sizes for message in watched.books] == [[1000], [5000]]


async def test_a_quiet_book_is_told_at_once_however_long_it_was_quiet() -> None:
    async with watching() as watched:
        await watched.bring(book(100.0))
        await watched.pass_s(3)
        await watched.bring(book(99.9))
        assert len(watched.books) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NetworkError("closed"), "lost its connection"),
        (ChecksumError("x"), "skipped updates"),
        (DDoSProtection("429"), "slow down"),
        (ValueError("what ccxt's parser raises"), "asking again"),
        (MarketDataError("x_spot skipped 3 updates."), "skipped 3 updates"),
        (asyncio.CancelledError, "lost its connection"),
        (TimeoutError(), "lost its connection"),
    ],
)
async def test_every_error_is_a_gap_at_once_and_the_next_book_is_a_snapshot(error: Any, words: str) -> None:
    async with watching() as watched:
        await watched.bring(book(100.0), error)
        assert len(watched.gaps) == 1
        assert words in watched.gaps[0]
        await watched.pass_s(LONGEST_PAUSE_S * 1.2)
        await watched.bring(book(100.0))
        assert [message.is_snapshot for message in watched.books] == [True, True]


async def test_an_exchange_that_keeps_failing_is_asked_less_and_less_often_and_never_spun_on() -> None:
    async with watching() as watched:
        for _ in range(1_000):
            watched.exchange.bring(NetworkError("refused"))
        await watched.pass_s(1)
        early = watched.exchange.asked
        await watched.pass_s(59)
        assert 3 <= early <= 5
        assert 12 <= watched.exchange.asked - early <= 20


async def test_a_stream_that_lived_is_subscribed_again_without_much_ado() -> None:
    async with watching() as watched:
        for _ in range(6):
            watched.exchange.bring(NetworkError("refused"))
        await watched.pass_s(30)
        await watched.bring(book())
        await watched.pass_s(11)
        asked = watched.exchange.asked
        await watched.bring(NetworkError("kicked"))
        await watched.pass_s(0.15)
        assert watched.exchange.asked == asked + 1


async def test_a_socket_that_was_replaced_while_nobody_waited_is_a_gap() -> None:
    async with watching() as watched:
        await watched.bring(book(100.0))
        await watched.bring(book(99.9))  # waits for the window's end
        watched.exchange.lose_socket()
        await watched.pass_s(0.05)
        assert len(watched.gaps) == 1
        assert len(watched.books) == 1
        await watched.pass_s(0.2)
        await watched.bring(book(99.9))
        assert watched.books[-1].is_snapshot


async def test_a_book_that_ccxt_threw_away_in_the_window_is_not_read() -> None:
    async with watching() as watched:
        await watched.bring(book(100.0), book(99.9))
        watched.exchange.orderbooks.clear()  # as it does on a checksum error, which waits for whoever asks next
        watched.exchange.bring(ChecksumError("x"))
        await watched.pass_s(0.05)
        assert len(watched.books) == 1
        assert "skipped updates" in watched.gaps[0]


async def test_a_crossed_book_is_a_gap_that_heals_by_itself() -> None:
    async with watching() as watched:
        await watched.bring(book(100.0))
        await watched.pass_s(1)
        await watched.bring(book(100.2))
        assert "at or above the ask" in watched.gaps[0]
        await watched.pass_s(0.5)
        await watched.bring(book(100.0))
        assert watched.books[-1].is_snapshot
        assert not watched.exchange.dropped


async def test_a_book_that_stays_crossed_is_subscribed_anew() -> None:
    async with watching() as watched:
        await watched.bring(book(100.0))
        for _ in range(4):
            await watched.pass_s(0.5)
            await watched.bring(book(100.2))
        assert len(watched.exchange.dropped) == 1
        await watched.pass_s(1)
        await watched.bring(book(100.0))
        assert watched.books[-1].is_snapshot


async def test_an_empty_book_is_a_gap_and_subscribed_anew_when_nothing_more_comes() -> None:
    """Binance's snapshot, when a proxy answered with a page of HTML: ccxt takes it for a book without orders."""
    async with watching() as watched:
        await watched.bring({"bids": [], "asks": [], "nonce": None, "timestamp": None})
        assert "empty" in watched.gaps[0]
        for _ in range(5):
            await watched.pass_s(1)
            watched.stream.check()
        await watched.clock.settle()
        assert len(watched.exchange.dropped) == 1


async def test_a_silent_stream_gets_a_new_socket_and_a_quiet_market_is_asked_ever_more_seldom() -> None:
    async with watching() as watched:
        await watched.bring(book())
        restarts: list[int] = []
        for second in range(600):
            await watched.pass_s(1)
            watched.stream.check()
            await watched.clock.settle()
            if len(watched.exchange.dropped) > len(restarts):
                restarts.append(second)
                await watched.pass_s(0.2)
                await watched.bring(book())  # every subscription begins with a snapshot; then nothing
        assert restarts[0] == pytest.approx(20, abs=1)
        pauses = [later - earlier for earlier, later in itertools.pairwise(restarts)]
        assert pauses == sorted(pauses)
        assert len(restarts) <= 6
        assert "silent for 2" in watched.gaps[0]


async def test_one_silent_book_on_a_busy_socket_is_unsubscribed_and_the_socket_kept() -> None:
    async with watching() as watched:
        busy = PrintSubscription(watched.exchange, SPOT, "BTC/USDT", watched.clock, watched.siblings, lambda _: None)
        await watched.bring(book())
        async with running(busy):
            await watched.pass_s(21)
            await watched.bring(book())  # one for each who waits
            await watched.bring([])
            watched.stream.restart("resync")
            await watched.clock.settle()
        assert watched.exchange.unsubscribed == ["BTC/USDT"]
        assert not watched.exchange.dropped
        assert watched.gaps == ["resync"]


async def test_a_restart_that_meets_an_error_does_not_forbid_the_next_one() -> None:
    async with watching() as watched:
        await watched.bring(book())
        watched.exchange.bring(NetworkError("kicked"))
        watched.stream.restart("first")
        await watched.pass_s(1)
        await watched.bring(book())
        watched.stream.restart("second")
        await watched.pass_s(1)
        assert watched.gaps[-1] == "second"


async def test_asking_for_a_new_subscription_ends_a_pause() -> None:
    async with watching() as watched:
        for _ in range(8):
            watched.exchange.bring(NetworkError("refused"))
        await watched.pass_s(12)
        asked = watched.exchange.asked
        watched.stream.restart("resync")
        await watched.pass_s(0.5)
        assert watched.exchange.asked > asked


# -- trades ------------------------------------------------------------------------------------------


def trade(trade_id: str | None, price: float = 100.0, ts_ms: int | None = None, **other: Any) -> dict[str, Any]:
    now_ms = 1_700_000_000_000 if ts_ms is None else ts_ms
    return {"id": trade_id, "price": price, "amount": 0.5, "side": "sell", "timestamp": now_ms, **other}


async def trades_of(*batches: list[dict[str, Any]]) -> list[PublicTrade]:
    clock, exchange = SimulatedClock(), FakeExchange()
    told: list[MarketMessage] = []
    stream = PrintSubscription(exchange, SPOT, "BTC/USDT", clock, set(), told.append)
    async with running(stream):
        for batch in batches:
            await clock.settle()
            exchange.bring(batch)
            await clock.advance(1)
    trades = [message for message in told if isinstance(message, PublicTrade)]
    assert trades == told
    return trades


async def test_a_trade_is_told_with_the_takers_side_in_ticks_and_units() -> None:
    [told] = await trades_of([trade("7")])
    assert (told.price_ticks, told.size_units, told.side, told.trade_id) == (1000, 500, "sell", "7")
    assert told.ts_us == 1_700_000_000_000_000


async def test_a_trade_that_comes_twice_is_told_once_also_without_an_id() -> None:
    assert len(await trades_of([trade("7"), trade("8")], [trade("8"), trade("9")])) == 3
    assert len(await trades_of([trade(None)], [trade(None), trade(None, 100.1)])) == 2


async def test_trades_from_before_the_subscription_are_history() -> None:
    told = await trades_of([trade("1", ts_ms=1_699_999_900_000), trade("2")])
    assert [each.trade_id for each in told] == ["2"]


@pytest.mark.parametrize(
    "spoilt", [{"price": None}, {"price": 100.03}, {"side": None}, {"amount": None}, {"timestamp": None}, {"price": -1.0}]
)
async def test_garbage_among_trades_is_left_out_and_the_rest_told(spoilt: dict[str, Any]) -> None:
    told = await trades_of([{**trade("1"), **spoilt}, trade("2")])
    assert [each.trade_id for each in told] == ["2"]
