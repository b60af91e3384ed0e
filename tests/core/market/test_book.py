"""One venue's book: right, or empty and saying why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.errors import MarketDataError
from core.domain.market import BookMessage, BookState, Levels
from core.market.book import OrderBook
from tests.core.making import NOW_US, instrument
from tests.core.market.messages import delta, snapshot

STALE_AFTER_US = 5_000_000


@pytest.fixture
def book() -> OrderBook:
    """A live book: bids 3 @ 99, 5 @ 98; asks 2 @ 101, 7 @ 103; last number 10."""
    made = OrderBook(instrument())
    made.apply(snapshot([(98, 5), (99, 3)], [(103, 7), (101, 2)], seq=10))
    return made


def pairs(levels: Levels) -> list[tuple[int, int]]:
    return list(zip(levels.ticks.tolist(), levels.sizes.tolist(), strict=True))


def test_a_book_without_a_snapshot_is_empty_and_says_so() -> None:
    book = OrderBook(instrument())
    book.apply(delta([(99, 3)], seq=5))
    view = book.view(NOW_US, STALE_AFTER_US)
    assert view.state is BookState.EMPTY
    assert view.note == "binance_spot has sent no snapshot yet"
    assert view.best_bid is None
    assert len(view.bids) == 0


def test_levels_come_best_first_whatever_their_order_on_the_wire(book: OrderBook) -> None:
    assert pairs(book.levels("bids")) == [(99, 3), (98, 5)]
    assert pairs(book.levels("asks")) == [(101, 2), (103, 7)]
    assert pairs(book.levels("asks", limit=1)) == [(101, 2)]
    assert (book.best_bid_tick, book.best_ask_tick) == (99, 101)
    assert book.view(NOW_US, STALE_AFTER_US).best_ask == Decimal("10.1")


def test_a_delta_sets_adds_and_deletes_levels(book: OrderBook) -> None:
    book.apply(delta([(99, 0), (97, 4)], [(101, 9), (102, 1)], seq=11, prev=10))
    assert pairs(book.levels("bids")) == [(98, 5), (97, 4)]
    assert pairs(book.levels("asks")) == [(101, 9), (102, 1), (103, 7)]
    assert book.size_at(is_bid=False, tick=101) == 9
    assert book.size_at(is_bid=True, tick=99) == 0


def test_deleting_a_level_that_was_never_seen_is_normal(book: OrderBook) -> None:
    book.apply(delta([(50, 0)], [(20_000_000, 0)], seq=11, prev=10))
    assert book.state is BookState.LIVE
    assert pairs(book.levels("bids")) == [(99, 3), (98, 5)]


def test_a_zero_in_a_snapshot_is_no_level() -> None:
    book = OrderBook(instrument())
    book.apply(snapshot([(99, 0), (98, 1)], [(100, 0)]))
    assert pairs(book.levels("bids")) == [(98, 1)]
    assert book.best_ask_tick is None
    assert book.state is BookState.LIVE


def test_somebody_bids_a_price_from_another_world(book: OrderBook) -> None:
    book.apply(delta([(1, 10**12)], [(2_000_000_000, 1)], seq=11, prev=10))
    assert pairs(book.levels("bids"))[-1] == (1, 10**12)
    assert pairs(book.levels("asks"))[-1] == (2_000_000_000, 1)


def test_the_touch_is_found_again_after_a_long_way_down(book: OrderBook) -> None:
    book.apply(delta([(99, 0), (98, 0), (3, 1)], [(101, 0), (103, 0), (900_000, 1)], seq=11, prev=10))
    assert (book.best_bid_tick, book.best_ask_tick) == (3, 900_000)


def test_a_skipped_number_makes_a_gap_until_the_next_snapshot(book: OrderBook) -> None:
    book.apply(delta([(99, 8)], seq=13, prev=12))
    view = book.view(NOW_US, STALE_AFTER_US)
    assert view.state is BookState.GAP
    assert view.note == "binance_spot skipped updates: after 10 comes one that follows 12; waiting for a snapshot"
    assert view.best_bid is None, "a price that may be wrong must not be traded on"

    book.apply(delta([(99, 8)], seq=14, prev=13))
    assert book.state is BookState.GAP

    book.apply(snapshot([(90, 1)], [(91, 1)], seq=20))
    assert (book.state, book.note) == (BookState.LIVE, "")
    assert pairs(book.levels("bids")) == [(90, 1)]


def test_a_delta_from_before_the_snapshot_changes_nothing(book: OrderBook) -> None:
    before = book.version
    book.apply(delta([(99, 1)], seq=10))
    assert book.size_at(is_bid=True, tick=99) == 3
    assert (book.state, book.version) == (BookState.LIVE, before)


@pytest.mark.parametrize(("seq", "prev"), [(10, 9), (10, 10), (7, 6), (7, None)], ids=["doubled", "its own", "old", "old, unlinked"])
def test_an_update_that_comes_twice_or_late_changes_nothing(book: OrderBook, seq: int, prev: int | None) -> None:
    book.apply(delta([(99, 1)], seq=seq, prev=prev))
    assert book.size_at(is_bid=True, tick=99) == 3
    book.apply(delta([(99, 8)], seq=11, prev=10))
    assert (book.state, book.size_at(is_bid=True, tick=99)) == (BookState.LIVE, 8)


def test_an_update_that_follows_an_older_one_than_ours_is_a_gap_too(book: OrderBook) -> None:
    book.apply(delta([(99, 8)], seq=12, prev=8))
    assert (book.state, book.note) == (
        BookState.GAP,
        "binance_spot sent an update that follows 8 when the book was at 10; waiting for a snapshot",
    )


def test_our_own_unnumbered_delta_leaves_the_numbering_alone(book: OrderBook) -> None:
    book.apply(delta(asks=[(101, 1)]))
    book.apply(delta(asks=[(101, 6)], seq=11, prev=10))
    assert book.state is BookState.LIVE
    assert book.size_at(is_bid=False, tick=101) == 6


def test_numbering_starts_with_the_first_number_after_an_unnumbered_snapshot() -> None:
    book = OrderBook(instrument())
    book.apply(snapshot([(99, 3)], [(101, 3)]))
    book.apply(delta([(99, 4)], seq=7, prev=6))
    assert book.size_at(is_bid=True, tick=99) == 4
    book.apply(delta([(99, 5)], seq=9, prev=8))
    assert book.state is BookState.GAP


def test_a_book_that_crosses_itself_is_crossed_only_while_it_lasts(book: OrderBook) -> None:
    book.apply(delta([(101, 1)], seq=11, prev=10))
    view = book.view(NOW_US, STALE_AFTER_US)
    assert view.state is BookState.CROSSED
    assert view.note == "binance_spot shows a bid of 10.1 at or above its ask of 10.1"
    book.apply(delta([(101, 0)], seq=12, prev=11))
    assert (book.state, book.note) == (BookState.LIVE, "")


def test_a_silent_book_is_stale_and_lives_again_with_its_next_message(book: OrderBook) -> None:
    assert book.view(NOW_US + STALE_AFTER_US, STALE_AFTER_US).state is BookState.LIVE
    stale = book.view(NOW_US + STALE_AFTER_US + 1, STALE_AFTER_US)
    assert stale.state is BookState.STALE
    assert stale.note == "binance_spot has been silent since 22:13:20 UTC"
    assert stale.best_bid == Decimal("9.9"), "an old price is shown, it is not hidden"
    later_us = NOW_US + 2 * STALE_AFTER_US
    book.apply(delta([(99, 4)], seq=11, prev=10, at_us=later_us))
    assert book.view(later_us, STALE_AFTER_US).state is BookState.LIVE


@pytest.mark.parametrize(
    "nonsense",
    [
        delta([(99, -1)], seq=11, prev=10),
        snapshot([(99, 1)], [(101, -5)], seq=20),
        replace(delta([(99, 1)], seq=11, prev=10), bid_sizes=[1, 2]),
        replace(delta([(99, 1)], seq=11, prev=10), ask_ticks=[101]),
    ],
    ids=["negative size", "negative size in a snapshot", "too many sizes", "too many prices"],
)
def test_a_message_that_makes_no_sense_costs_the_book(book: OrderBook, nonsense: BookMessage) -> None:
    with pytest.raises(MarketDataError, match="binance_spot BTC/USDT: "):
        book.apply(nonsense)
    assert book.state is BookState.GAP
    assert book.best_bid_tick is None


def test_a_view_never_changes_afterwards(book: OrderBook) -> None:
    view = book.view(NOW_US, STALE_AFTER_US)
    book.apply(delta([(99, 0)], [(101, 0)], seq=11, prev=10))
    assert pairs(view.bids) == [(99, 3), (98, 5)]
    with pytest.raises(ValueError, match="read-only"):
        view.bids.sizes[0] = 1


def test_a_view_is_the_same_object_while_nothing_changes(book: OrderBook) -> None:
    first = book.view(NOW_US, STALE_AFTER_US)
    assert book.view(NOW_US + 1, STALE_AFTER_US) is first
    book.apply(delta([(98, 6)], seq=11, prev=10))
    second = book.view(NOW_US, STALE_AFTER_US)
    assert second is not first
    assert second.asks is first.asks, "the side that did not change is not copied"
