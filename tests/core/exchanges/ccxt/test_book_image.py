"""ccxt's book as messages: whatever it did in between, our book is its book."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import MarketType
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.market import BookState
from core.exchanges.ccxt.book_image import MOST_LEVELS, BookImage
from core.market.book import OrderBook

SPOT = Instrument("x_spot", "BTC/USDT", MarketType.SPOT, tick=Decimal("0.1"), lot=Decimal("0.001"))

Prices = dict[float, float]


def book(bids: Prices, asks: Prices, nonce: int | None = None, timestamp: int | None = 1_700_000_000_000) -> dict[str, Any]:
    """As ccxt keeps it."""
    return {
        "bids": [[price, size] for price, size in sorted(bids.items(), reverse=True)],
        "asks": [[price, size] for price, size in sorted(asks.items())],
        "nonce": nonce,
        "timestamp": timestamp,
    }


BOOK = book({100.0: 1.0, 99.9: 2.0}, {100.1: 3.0, 100.4: 0.5}, nonce=7)


def held(ours: OrderBook) -> tuple[dict[int, int], dict[int, int]]:
    sides = [ours.levels("bids"), ours.levels("asks")]
    bids, asks = [dict(zip(side.ticks.tolist(), side.sizes.tolist(), strict=True)) for side in sides]
    return bids, asks


def test_the_first_reading_is_a_snapshot_in_ticks_and_units() -> None:
    message = BookImage(SPOT).read(BOOK, 5)
    assert message.is_snapshot
    assert (message.bid_ticks, message.bid_sizes) == ([1000, 999], [1000, 2000])
    assert (message.ask_ticks, message.ask_sizes) == ([1001, 1004], [3000, 500])
    assert (message.seq, message.prev_seq, message.ts_us, message.received_us) == (7, None, 1_700_000_000_000_000, 5)


def test_then_only_what_has_changed_is_told_and_zero_where_a_level_went() -> None:
    image = BookImage(SPOT)
    image.read(BOOK, 5)
    message = image.read(book({100.0: 1.5, 99.8: 4.0}, {100.1: 3.0, 100.4: 0.5}, nonce=9), 6)
    assert not message.is_snapshot
    assert dict(zip(message.bid_ticks, message.bid_sizes, strict=True)) == {1000: 1500, 998: 4000, 999: 0}
    assert not message.ask_ticks
    assert (message.seq, message.prev_seq) == (9, 7)


def test_a_book_in_which_nothing_moved_is_an_empty_change() -> None:
    image = BookImage(SPOT)
    image.read(BOOK, 5)
    message = image.read(BOOK, 6)
    assert not message.is_snapshot
    assert not message.bid_ticks
    assert not message.ask_ticks
    assert message.received_us == 6


def test_a_changed_book_under_an_old_number_is_still_believed() -> None:
    image, ours = BookImage(SPOT), OrderBook(SPOT)
    for asks in ({100.1: 3.0}, {100.1: 1.0}):
        message = image.read(book({100.0: 1.0}, asks, nonce=7), 5)
        ours.apply(message)
    assert held(ours) == ({1000: 1000}, {1001: 1000})


def test_numbers_that_start_over_make_a_snapshot() -> None:
    image = BookImage(SPOT)
    image.read(BOOK, 5)
    message = image.read({**BOOK, "nonce": 1}, 6)
    assert message.is_snapshot
    assert message.seq == 1


def test_after_a_loss_the_next_reading_is_a_snapshot() -> None:
    image = BookImage(SPOT)
    image.read(BOOK, 5)
    image.forget()
    message = image.read(BOOK, 6)
    assert message.is_snapshot
    assert message.bid_ticks == [1000, 999]


def test_contracts_are_told_as_base() -> None:
    perp = replace(SPOT, market_type=MarketType.PERP, contract_size=Decimal("0.01"), lot=Decimal("0.01"), size_unit=Decimal("0.01"))
    message = BookImage(perp).read(book({100.0: 250.0}, {100.1: 3.0}), 5)
    assert perp.amount_of(message.bid_sizes[0]) == Decimal("2.5")


def test_orders_at_one_price_are_one_level_and_a_size_under_a_unit_is_none() -> None:
    counted = {"bids": [[100.0, 1.0, "a"], [100.0, 2.0, "b"], [99.9, 0.0001, "c"]], "asks": [[100.1, 3.0, "d"]]}
    message = BookImage(SPOT).read(counted, 5)
    assert (message.bid_ticks, message.bid_sizes) == ([1000], [3000])
    assert message.ts_us == 5


def test_what_lies_beyond_a_thousand_levels_is_left_out() -> None:
    message = BookImage(SPOT).read(book({}, {100.0 + level / 10: 1.0 for level in range(MOST_LEVELS + 50)}), 5)
    assert len(message.ask_ticks) == MOST_LEVELS
    assert message.ask_ticks[0] == 1000


@pytest.mark.parametrize(
    ("bids", "asks", "words"),
    [
        ([[100.2, 1.0]], [[100.1, 1.0]], "at or above the ask"),
        ([[100.1, 1.0]], [[100.1, 1.0]], "at or above the ask"),
        ([[100.03, 1.0]], [[100.1, 1.0]], "off the tick"),
        ([[float("nan"), 1.0]], [], "absurd"),
        ([[100.0, float("nan")]], [], "absurd"),
        ([[100.0, float("inf")]], [], "absurd"),
        ([[100.0, -1.0]], [], "absurd"),
        ([[-100.0, 1.0]], [], "absurd"),
        ([[1e300, 1.0]], [], "absurd"),
        ([[100.0, None]], [], "absurd"),
        ([["x", 1.0]], [], "not a price and a size"),
        ([[100.0]], [[100.1, 1.0]], "not a price and a size"),
        ([[99.0, 1.0], [100.0, 1.0]], [], "out of order"),
        ([], [], "empty"),
    ],
)
def test_what_no_market_shows_is_refused_and_not_remembered(bids: list[Any], asks: list[Any], words: str) -> None:
    image = BookImage(SPOT)
    image.read(BOOK, 5)
    with pytest.raises(MarketDataError, match=words):
        image.read({"bids": bids, "asks": asks, "nonce": 8, "timestamp": 1}, 6)
    message = image.read({**BOOK, "nonce": 9}, 7)
    assert not message.bid_ticks
    assert not message.ask_ticks


_sizes = st.integers(1, 10**9).map(lambda units: units / 1000)
_bids = st.dictionaries(st.integers(5_000, 9_999).map(lambda ticks: ticks / 10), _sizes, max_size=30)
_asks = st.dictionaries(st.integers(10_000, 15_000).map(lambda ticks: ticks / 10), _sizes, max_size=30)


@given(st.lists(st.tuples(_bids, _asks, st.sampled_from(["next", "same", "none", "less"])), min_size=1, max_size=8))
def test_our_book_is_always_ccxts(readings: list[tuple[Prices, Prices, str]]) -> None:
    image, ours, nonce = BookImage(SPOT), OrderBook(SPOT), 100
    for bids, asks, numbering in readings:
        nonce += {"next": 3, "same": 0, "none": 0, "less": -2}[numbering]
        if not bids and not asks:
            continue
        message = image.read(book(bids, asks, None if numbering == "none" else nonce), 5)
        ours.apply(message)
        assert ours.state is BookState.LIVE
        expected_bids = {round(price * 10): round(size * 1000) for price, size in bids.items()}
        expected_asks = {round(price * 10): round(size * 1000) for price, size in asks.items()}
        assert held(ours) == (expected_bids, expected_asks)
