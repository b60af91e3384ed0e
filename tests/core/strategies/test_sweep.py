"""The sweep is exact: with lots, minimums and fees it equals the best of all possible sweeps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import OrderSide
from core.domain.market import BookView
from core.strategies.sweep import Allocation, optimal_sweep
from core.strategies.walk import walk, within_limit
from tests.core.making import book
from tests.core.strategies.brute_force import best_sweep

ZERO = Decimal(0)


def cost_of(allocations: list[Allocation], side: OrderSide) -> Decimal:
    total = ZERO
    for part in allocations:
        instrument = part.book.instrument
        taken = walk(instrument, part.book.side(side), part.amount)
        assert taken.amount == part.amount
        total += side.sign * taken.notional * (1 + side.sign * instrument.taker_fee)
    return total


def sweep(books: list[BookView], side: OrderSide, amount: str, limit: str) -> dict[str, Decimal]:
    offers = [(b, within_limit(b, side, Decimal(limit))) for b in books]
    return {part.book.venue: part.amount for part in optimal_sweep(offers, side, Decimal(amount))}


def test_the_cheapest_levels_are_taken_first_across_venues() -> None:
    books = [book("binance_spot", asks=[("100", "1"), ("102", "1")]), book("okx_spot", asks=[("101", "1"), ("103", "1")])]
    assert sweep(books, OrderSide.BUY, "2.5", "110") == {"binance_spot": Decimal("1.5"), "okx_spot": Decimal("1")}


def test_a_fee_can_make_the_better_touch_the_worse_venue() -> None:
    books = [book("kraken_spot", asks=[("100", "5")], taker_fee="0.01"), book("okx_spot", asks=[("100.5", "5")], taker_fee="0.001")]
    assert sweep(books, OrderSide.BUY, "3", "110") == {"okx_spot": Decimal("3")}


def test_a_sell_takes_the_highest_bids() -> None:
    books = [book("binance_spot", bids=[("100", "1")]), book("okx_spot", bids=[("101", "1"), ("99", "1")])]
    assert sweep(books, OrderSide.SELL, "2", "100") == {"okx_spot": Decimal("1"), "binance_spot": Decimal("1")}


def test_dropping_a_venue_beats_topping_it_up_when_its_depth_is_dear() -> None:
    cheap = book("binance_spot", asks=[("100", "9.5"), ("101", "5")])
    dear = book("okx_spot", asks=[("100.1", "0.5"), ("150", "5")], min_amount="2")
    assert sweep([cheap, dear], OrderSide.BUY, "10", "200") == {"binance_spot": Decimal("10")}


def test_topping_a_venue_up_to_its_minimum_beats_dropping_it_when_the_other_is_dear() -> None:
    dear = book("binance_spot", asks=[("100", "9.5"), ("150", "5")])
    cheap = book("okx_spot", asks=[("100.1", "5")], min_amount="2")
    assert sweep([dear, cheap], OrderSide.BUY, "10", "200") == {"binance_spot": Decimal("8"), "okx_spot": Decimal("2")}


def test_what_no_lot_can_make_stays_untaken() -> None:
    coarse = book("binance_spot", asks=[("100", "5")], lot="0.1")
    assert sweep([coarse], OrderSide.BUY, "1.234", "200") == {"binance_spot": Decimal("1.2")}


def test_a_finer_venue_takes_what_a_coarse_lot_leaves() -> None:
    coarse, fine = book("binance_spot", asks=[("100", "5")], lot="0.1"), book("okx_spot", asks=[("101", "5")])
    assert sweep([coarse, fine], OrderSide.BUY, "1.234", "200") == {"binance_spot": Decimal("1.2"), "okx_spot": Decimal("0.034")}


def test_what_no_mix_of_lots_can_make_does_not_make_the_rest_dearer() -> None:
    books = [
        book("binance_spot", asks=[("98", "1"), ("98.2", "3")], lot="2", size_unit="1"),
        book("okx_spot", asks=[("98", "3"), ("98.2", "6")], lot="3", size_unit="1"),
        book("bybit_perp", asks=[("98", "4"), ("98.1", "6")], lot="2", size_unit="1"),
    ]
    taken = sweep(books, OrderSide.BUY, "22", "98.2")
    assert taken == {"binance_spot": Decimal(2), "okx_spot": Decimal(9), "bybit_perp": Decimal(10)}


@st.composite
def venues(draw: st.DrawFn, side: OrderSide) -> list[BookView]:
    books = []
    for venue in draw(st.sampled_from([("binance_spot",), ("binance_spot", "okx_spot"), ("binance_spot", "okx_spot", "bybit_perp")])):
        ticks = sorted(draw(st.sets(st.integers(980, 1020), min_size=1, max_size=4)), reverse=side is OrderSide.SELL)
        rows = [(str(Decimal(tick) / 10), str(draw(st.integers(1, 6)))) for tick in ticks]
        rules: dict[str, Any] = {
            "asks" if side is OrderSide.BUY else "bids": rows,
            "lot": draw(st.sampled_from(["1", "2", "3"])),
            "size_unit": "1",
            "min_amount": draw(st.sampled_from(["0", "2", "5"])),
            "min_notional": draw(st.sampled_from(["0", "150", "390"])),
            "taker_fee": draw(st.sampled_from(["0", "0.001", "0.004", "0.00055"])),
        }
        books.append(book(venue, **rules))
    return books


@pytest.mark.parametrize("side", list(OrderSide))
@given(data=st.data())
def test_no_possible_sweep_takes_more_or_costs_less(side: OrderSide, data: st.DataObject) -> None:
    books = data.draw(venues(side))
    amount = Decimal(data.draw(st.integers(1, 24)))
    limit = Decimal(data.draw(st.integers(970, 1030))) / 10
    found = optimal_sweep([(b, within_limit(b, side, limit)) for b in books], side, amount)
    assert (sum((part.amount for part in found), ZERO), cost_of(found, side)) == best_sweep(books, side, amount, limit)
