"""All books behind one entrance: what one venue breaks stays with that venue."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.domain.clock import SimulatedClock
from core.domain.errors import MarketDataError
from core.domain.market import BookState, MarketMessage, PublicTrade
from core.market.store import OrderBooks
from tests.core.making import NOW_US, instrument
from tests.core.market.messages import delta, gap, snapshot, trade


@pytest.fixture
def books() -> OrderBooks:
    """binance_spot at 99/101 and bybit_spot at 98/102, both live at NOW_US."""
    made = OrderBooks(SimulatedClock(NOW_US))
    for venue, bid, ask in (("binance_spot", 99, 101), ("bybit_spot", 98, 102)):
        made.register(instrument(venue))
        made.consume(snapshot([(bid, 1)], [(ask, 1)], seq=10, venue=venue))
    return made


def states(books: OrderBooks) -> dict[str, BookState]:
    return {venue: view.state for venue, view in books.view("BTC/USDT").books.items()}


def test_a_view_holds_every_venue_or_the_chosen_ones(books: OrderBooks) -> None:
    assert states(books) == {"binance_spot": BookState.LIVE, "bybit_spot": BookState.LIVE}
    assert list(books.view("BTC/USDT", venues=["bybit_spot", "nowhere_spot"]).books) == ["bybit_spot"]
    assert books.symbols() == ["BTC/USDT"]
    assert list(books.instruments("BTC/USDT")) == ["binance_spot", "bybit_spot"]


def test_a_symbol_that_nobody_trades_has_no_books(books: OrderBooks) -> None:
    assert books.view("DOGE/USDT").books == {}
    assert books.view("DOGE/USDT").mid is None
    assert books.version("DOGE/USDT") == 0


def test_a_gap_of_one_venue_leaves_the_others_alone(books: OrderBooks) -> None:
    books.consume(gap("bybit_spot lost its connection", venue="bybit_spot"))
    view = books.view("BTC/USDT")
    assert view.books["bybit_spot"].state is BookState.GAP
    assert view.books["bybit_spot"].note == "bybit_spot lost its connection"
    assert [live.venue for live in view.live()] == ["binance_spot"]


def test_nonsense_from_one_venue_does_not_stop_the_others(books: OrderBooks, caplog: pytest.LogCaptureFixture) -> None:
    books.consume(delta([(99, -1)], seq=11, prev=10))
    books.consume(delta([(98, 5)], seq=11, prev=10, venue="bybit_spot"))
    assert states(books) == {"binance_spot": BookState.GAP, "bybit_spot": BookState.LIVE}
    assert books.view("BTC/USDT").books["binance_spot"].note == "binance_spot BTC/USDT: a size is negative."
    assert "a size is negative" in caplog.text


def test_a_book_that_cannot_be_read_costs_only_itself(books: OrderBooks, caplog: pytest.LogCaptureFixture) -> None:
    books.consume(delta(asks=[(2**70, 1)], seq=11, prev=10))
    view = books.view("BTC/USDT")
    assert view.books["binance_spot"].state is BookState.GAP
    assert view.books["binance_spot"].note == "binance_spot's book can't be read; waiting for a snapshot"
    assert [live.venue for live in view.live()] == ["bybit_spot"]
    assert "OverflowError" in caplog.text, "the log has what the trader need not read"
    books.consume(snapshot([(99, 1)], [(101, 1)], seq=12))
    assert states(books)["binance_spot"] is BookState.LIVE


def test_a_venue_that_falls_silent_grows_stale_by_the_clock() -> None:
    clock = SimulatedClock(NOW_US)
    books = OrderBooks(clock, stale_after_us=2_000_000)
    books.register(instrument())
    books.consume(snapshot([(99, 1)], [(101, 1)]))
    clock.jump_to(NOW_US + 2_000_001)
    assert states(books) == {"binance_spot": BookState.STALE}
    assert books.view("BTC/USDT", now_us=NOW_US).books["binance_spot"].state is BookState.LIVE


def test_without_a_clock_the_newest_message_tells_the_time() -> None:
    books = OrderBooks()
    for venue in ("binance_spot", "bybit_spot"):
        books.register(instrument(venue))
        books.consume(snapshot([(99, 1)], [(101, 1)], venue=venue))
    books.consume(delta([(99, 2)], venue="bybit_spot", at_us=NOW_US + 6_000_000))
    assert states(books) == {"binance_spot": BookState.STALE, "bybit_spot": BookState.LIVE}


def test_a_message_for_a_book_that_nobody_keeps_is_an_error(books: OrderBooks) -> None:
    with pytest.raises(MarketDataError, match=r"No book is kept for BTC/USDT on okx_spot\."):
        books.consume(snapshot([(99, 1)], [(101, 1)], venue="okx_spot"))


def test_the_version_moves_with_books_and_not_with_trades(books: OrderBooks) -> None:
    before = books.version("BTC/USDT")
    books.consume(trade(101, 1))
    assert books.version("BTC/USDT") == before
    books.consume(delta([(99, 2)], seq=11, prev=10))
    assert books.version("BTC/USDT") > before
    assert books.message_count == 4


def test_listeners_hear_what_the_books_know_already(books: OrderBooks) -> None:
    seen: list[MarketMessage] = []
    sizes: list[int] = []
    prints: list[PublicTrade] = []
    book = books.book("binance_spot", "BTC/USDT")
    assert book is not None
    stop = books.on_message(seen.append)
    books.on_message(lambda _: sizes.append(book.size_at(is_bid=True, tick=99)))
    stop_prints = books.on_trade(prints.append)
    messages: list[MarketMessage] = [delta([(99, 8)], seq=11, prev=10), trade(101, 1), gap()]
    for message in messages:
        books.consume(message)
    assert seen == messages
    assert sizes == [8, 8, 0]
    assert prints == [messages[1]]
    stop()
    stop_prints()
    stop()
    books.consume(trade(101, 1))
    assert (len(seen), len(prints)) == (3, 1)


async def test_a_listener_that_fails_is_reported_and_the_others_still_hear(books: OrderBooks) -> None:
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
    heard: list[MarketMessage] = []

    def broken(_: MarketMessage) -> None:
        raise ZeroDivisionError

    books.on_message(broken)
    books.on_message(heard.append)
    books.consume(trade(101, 1))
    assert len(heard) == 1
    assert isinstance(reports[0]["exception"], ZeroDivisionError)
    assert reports[0]["message"] == "A market listener failed on PublicTrade"


def test_registering_again_keeps_the_book_unless_the_rules_changed(books: OrderBooks) -> None:
    book = books.book("binance_spot", "BTC/USDT")
    assert books.register(instrument("binance_spot")) is book
    assert books.register(instrument("binance_spot", tick="0.5")) is not book
    assert states(books)["binance_spot"] is BookState.EMPTY
