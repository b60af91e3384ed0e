"""Many books as one, bucketed so that nothing looks better than it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import BadPrice
from core.domain.market import BookState, BookView, DepthSide, MarketView
from core.market.depth import merge_depth
from tests.core.making import book, market


def rows(side: DepthSide) -> list[tuple[float, float]]:
    """(price, cumulative) pairs."""
    return list(zip(side.prices.tolist(), side.cumulative.tolist(), strict=True))


def test_venues_are_stacked_and_cumulated_away_from_the_touch() -> None:
    view = market(
        book("binance_spot", bids=[("99", "1"), ("98", "2")], asks=[("101", "4")], tick="1"),
        book("bybit_spot", bids=[("98", "8")], asks=[("101", "16"), ("103", "32")], tick="1"),
    )
    depth = merge_depth(view)
    assert depth.venues == ("binance_spot", "bybit_spot")
    assert rows(depth.bids) == [(99, 1), (98, 11)]
    assert rows(depth.asks) == [(101, 20), (103, 52)]
    assert depth.bids.venue_sizes.tolist() == [[1, 2], [0, 8]]
    assert depth.asks.cumulative_quote.tolist() == [101 * 20, 101 * 20 + 103 * 32]
    assert (depth.best_bid, depth.best_ask, depth.mid) == (Decimal(99), Decimal(101), Decimal(100))


def test_finer_venues_are_bucketed_to_the_coarsest_tick_away_from_the_mid() -> None:
    view = market(
        book("binance_spot", bids=[("99.99", "1"), ("99.50", "2")], asks=[("100.01", "4"), ("100.50", "8")], tick="0.01"),
        book("kraken_futures_perp", bids=[("99.5", "16")], asks=[("100.5", "32")], tick="0.5"),
    )
    depth = merge_depth(view)
    assert depth.price_step == Decimal("0.5")
    assert rows(depth.bids) == [(99.5, 19)]
    assert rows(depth.asks) == [(100.5, 44)]
    assert (depth.best_bid, depth.best_ask) == (Decimal("99.99"), Decimal("100.01")), "the touch is not bucketed"


def test_a_step_that_no_tick_divides_still_rounds_away() -> None:
    view = market(book("binance_spot", bids=[("99.9", "1")], asks=[("100.1", "2"), ("100.5", "4")], tick="0.1"))
    depth = merge_depth(view, price_step=Decimal("0.25"))
    assert rows(depth.bids) == [(99.75, 1)]
    assert rows(depth.asks) == [(100.25, 2), (100.5, 6)]


def test_a_stale_venue_is_drawn_but_is_not_part_of_the_touch() -> None:
    view = market(
        book("binance_spot", bids=[("99", "1")], asks=[("101", "1")]),
        book("bybit_spot", bids=[("100", "5")], asks=[("100.5", "5")], state=BookState.STALE),
    )
    depth = merge_depth(view)
    assert depth.stale == {"bybit_spot"}
    assert rows(depth.bids) == [(100, 5), (99, 6)]
    assert (depth.best_bid, depth.best_ask, depth.mid) == (Decimal(99), Decimal(101), Decimal(100))


def test_a_book_that_cannot_be_trusted_is_left_out_with_its_reason() -> None:
    crossed = replace(book("okx_spot", bids=[("105", "9")], asks=[("104", "9")], state=BookState.CROSSED), note="okx_spot crosses itself")
    gapped = replace(book("bybit_spot", state=BookState.GAP), note="bybit_spot skipped updates")
    view = market(book("binance_spot", bids=[("99", "1")]), crossed, gapped)
    depth = merge_depth(view, venues=["binance_spot", "bybit_spot", "okx_spot", "x_spot"])
    assert depth.venues == ("binance_spot",)
    assert depth.left_out == {
        "bybit_spot": "bybit_spot skipped updates",
        "okx_spot": "okx_spot crosses itself",
        "x_spot": "x_spot does not trade BTC/USDT",
    }
    assert rows(depth.bids) == [(99, 1)]


def test_chosen_venues_are_stacked_in_the_order_they_are_named() -> None:
    view = market(book("a_spot", bids=[("99", "1")]), book("b_spot", bids=[("98", "2")]), book("c_spot", bids=[("97", "4")]))
    depth = merge_depth(view, venues=["c_spot", "a_spot"])
    assert depth.venues == ("c_spot", "a_spot")
    assert depth.bids.venue_sizes.tolist() == [[0, 4], [1, 0]]


def test_a_span_keeps_what_is_near_the_mid() -> None:
    view = market(book("a_spot", bids=[("99.5", "1"), ("99", "2"), ("98.9", "4")], asks=[("100.5", "1"), ("101", "2"), ("101.1", "4")]))
    depth = merge_depth(view, span_bps=100)
    assert rows(depth.bids) == [(99.5, 1), (99, 3)]
    assert rows(depth.asks) == [(100.5, 1), (101, 3)]


def test_one_bid_from_another_world_costs_no_memory() -> None:
    view = market(book("a_spot", bids=[("60000", "1"), ("0.01", "5")], asks=[("60001", "1"), ("90000000", "2")], tick="0.01"))
    depth = merge_depth(view)
    assert rows(depth.bids) == [(60000, 1), (0.01, 6)]
    assert rows(depth.asks) == [(60001, 1), (90000000, 3)]


def test_no_books_are_an_empty_depth() -> None:
    depth = merge_depth(market())
    assert (depth.venues, depth.mid, rows(depth.bids), rows(depth.asks)) == ((), None, [], [])
    one_sided = merge_depth(market(book("a_spot", asks=[("101", "1")])), span_bps=50)
    assert rows(one_sided.bids) == []
    assert rows(one_sided.asks) == [(101, 1)]
    assert one_sided.mid is None


@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_a_price_step_must_be_positive(step: str) -> None:
    with pytest.raises(BadPrice, match="must be positive"):
        merge_depth(market(), price_step=Decimal(step))


LEVELS = st.dictionaries(st.one_of(st.integers(1, 60), st.integers(1, 10**7)), st.integers(1, 10**6), max_size=12)
BOOKS = st.lists(st.tuples(st.sampled_from(["0.01", "0.1", "0.25", "0.5"]), LEVELS, LEVELS), max_size=4)


def _book(index: int, tick: str, bids: dict[int, int], asks: dict[int, int]) -> BookView:
    step = Decimal(tick)
    sides = [[(str(price * step), f"{size / 1000:.3f}") for price, size in sorted(side.items())] for side in (bids, asks)]
    return book(f"v{index}_spot", bids=sides[0][::-1], asks=sides[1], tick=tick)


@given(BOOKS, st.sampled_from(["0.01", "0.1", "0.3", "0.5", "7"]))
def test_depth_equals_a_plain_loop_over_the_levels(books: Sequence[tuple[str, dict[int, int], dict[int, int]]], step: str) -> None:
    view: MarketView = market(*(_book(index, *each) for index, each in enumerate(books)))
    depth = merge_depth(view, price_step=Decimal(step))
    for side, levels_of, rounded, is_bid in ((depth.bids, 1, floor, True), (depth.asks, 2, ceil, False)):
        expected: dict[int, list[int]] = {}
        for index, each in enumerate(books):
            for tick, size in each[levels_of].items():  # type: ignore[union-attr] # the first of the three is the tick
                bucket = rounded(tick * Fraction(each[0]) / Fraction(step))
                expected.setdefault(bucket, [0] * len(books))[index] += size
        buckets = sorted(expected, reverse=is_bid)
        assert np.allclose(side.prices, [bucket * float(step) for bucket in buckets])
        assert np.allclose(side.venue_sizes.T * 1000, [expected[bucket] for bucket in buckets] or np.empty((0, len(books))))
        assert np.allclose(side.cumulative * 1000, list(accumulate(sum(expected[bucket]) for bucket in buckets)))
