"""MINIMAL_MARKET_IMPACT as the books feel it: an equal small bite everywhere, then a pause until they have refilled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import ExecutionStrategy, OrderSide, TimeInForce
from core.domain.market import BookView
from core.domain.orders import ParentStatus
from core.domain.plan import Plan
from core.strategies.minimal_impact import MinimalImpact
from core.strategies.params import parse_params
from tests.core.execution.floor import children, floor
from tests.core.making import book, instrument, market, request

WIDE = {"max_price_impact_percent": 1}


async def test_a_clip_takes_the_same_share_of_every_venues_near_depth() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        f.feeds["okx_spot"].snapshot(asks={"100.5": "10", "101": "20"})
        order = await f.start(amount="20", price="101.5", strategy="minimal_market_impact", params=WIDE)
        await f.wait(0.2)
        depths = {"binance_spot": Decimal(53), "okx_spot": Decimal(30)}
        assert {c.exchange: c.amount / depths[c.exchange or ""] for c in children(order)} == {
            "binance_spot": Decimal("0.2"),
            "okx_spot": Decimal("0.2"),
        }


async def test_the_next_clip_waits_for_the_books_to_refill() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="101", strategy="minimal_market_impact", params=WIDE)
        await f.wait(2)
        assert [child.amount for child in children(order)] == [Decimal("0.60")]
        f.feeds["binance_spot"].snapshot()
        await f.wait(1)
        assert [child.amount for child in children(order)] == [Decimal("0.60"), Decimal("0.60")]


async def test_a_market_that_never_refills_is_not_waited_for_for_ever() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="101", strategy="minimal_market_impact", params=WIDE)
        await f.do(order.done(), within_s=200)
        assert order.status is ParentStatus.FILLED
        assert f.clock.now_us() > children(order)[0].created_us + 10_000_000


async def test_an_immediate_order_is_one_clip() -> None:
    async with floor("binance_spot") as f:
        order = await f.trade(amount="3", price="101", strategy="minimal_market_impact", params=WIDE, time_in_force="ioc")
        assert order.filled_amount == Decimal("0.6")
        assert order.status is ParentStatus.COMPLETED


async def test_it_never_goes_past_the_limit_or_the_band() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="200", strategy="minimal_market_impact", params={"max_price_impact_percent": 0.3})
        await f.wait(400)
        assert max(fill.price for fill in order.fills) <= Decimal("101.5")
        first = children(order)[0]
        assert first.price == Decimal("100.5")
        assert first.amount == Decimal("0.20")


def plan_of(amount: str, *books: BookView, **more: Any) -> Plan:
    asked = request(amount=amount, price="101", strategy=ExecutionStrategy.MINIMAL_MARKET_IMPACT, **more)
    return MinimalImpact().plan(asked, market(*books), parse_params(asked.strategy, {}))


def asks(venue: str, size: str, **rules: Any) -> BookView:
    return book(venue, bids=[("99", "1")], asks=[("100", size)], **rules)


async def test_an_immediate_order_says_that_one_clip_was_all_it_takes() -> None:
    async with floor("binance_spot") as f:
        order = await f.trade(amount="3", price="101", strategy="minimal_market_impact", params=WIDE, time_in_force="ioc")
        assert order.snapshot().reason == "2.4 BTC was left: an immediate order is one clip of at most 20 % of the near depth"


async def test_when_every_clip_is_too_small_the_rest_waits_in_the_book_and_takes_nothing() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", min_amount="0.8")) as f:
        order = await f.start(amount="2", price="101", strategy="minimal_market_impact", params=WIDE)
        await f.wait(100)
        assert order.status is ParentStatus.RUNNING
        assert [(c.price, c.live_amount, c.post_only) for c in children(order)] == [(Decimal("100"), Decimal("2"), True)]
        f.feeds["binance_spot"].trade(OrderSide.SELL, "100", "500")
        await f.wait(1)
        assert order.status is ParentStatus.FILLED


async def test_the_rest_waits_at_the_traders_own_price_where_a_venue_lets_it() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", min_amount="0.8"), "okx_spot") as f:
        f.feeds["okx_spot"].snapshot(asks={"103": "10"})
        order = await f.start(amount="2", price="101", strategy="minimal_market_impact", params=WIDE)
        await f.wait(100)
        assert [(c.exchange, c.price, c.live_amount) for c in children(order)] == [("okx_spot", Decimal("101"), Decimal("2"))]


async def test_a_market_order_whose_clips_are_too_small_never_rests() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", min_amount="40")) as f:
        order = await f.start(amount="50", price=None, strategy="minimal_market_impact", params=WIDE)
        await f.do(order.done(), within_s=200)
        assert children(order) == []


async def test_the_clip_before_the_last_leaves_what_the_venue_still_accepts() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", min_amount="0.5")) as f:
        f.feeds["binance_spot"].snapshot(asks={"100.5": "3"})
        order = await f.start(amount="1.09", price="101", strategy="minimal_market_impact", params=WIDE)
        await f.wait(0.2)
        f.feeds["binance_spot"].snapshot(asks={"100.5": "3"})
        await f.wait(2)
        assert [c.amount for c in children(order)] == [Decimal("0.59"), Decimal("0.50")]
        assert order.status is ParentStatus.FILLED


def test_a_post_only_order_rests_on_the_venue_that_lets_it() -> None:
    plan = plan_of("1", asks("binance_spot", "9"), book("okx_spot", bids=[("99", "1")], asks=[("102", "9")]), post_only=True)
    assert plan.blocking == ""
    assert [(c.exchange, c.price, c.amount, c.post_only) for c in plan.children] == [("okx_spot", Decimal(101), Decimal(1), True)]
    assert plan.left_out == {"binance_spot": "post-only, and 101 would cross its book"}


def test_what_would_be_left_as_dust_is_taken_along_within_the_maximum_share() -> None:
    venues = [asks(venue, "10", lot="0.1", min_amount="0.5") for venue in ("binance_spot", "okx_spot")]
    plan = plan_of("1.5", *venues)
    assert sorted(c.amount for c in plan.children) == [Decimal("0.7"), Decimal("0.8")]


def test_dust_is_never_taken_along_past_the_maximum_share() -> None:
    plan = plan_of("2.4", asks("binance_spot", "10", min_amount="0.5"))
    assert [c.amount for c in plan.children] == [Decimal("1.9")]
    assert (plan.scheduled, plan.dust) == (Decimal("0.5"), Decimal(0))


def test_an_immediate_order_does_not_take_less_for_a_later_clip_that_never_comes() -> None:
    plan = plan_of("2.4", asks("binance_spot", "10", min_amount="0.5"), time_in_force=TimeInForce.IOC)
    assert [c.amount for c in plan.children] == [Decimal(2)]


def test_dust_that_no_clip_can_carry_is_reported_as_dust() -> None:
    plan = plan_of("2.4", asks("binance_spot", "10", min_amount="1.5"))
    assert [c.amount for c in plan.children] == [Decimal(2)]
    assert (plan.scheduled, plan.dust) == (Decimal(0), Decimal("0.4"))


def test_the_note_states_the_largest_share_and_how_many_venues_take_part() -> None:
    plan = plan_of("8", asks("binance_spot", "10"), asks("okx_spot", "9", lot="0.5"), asks("kraken_spot", "0.2", lot="0.1"))
    assert {c.exchange: c.amount for c in plan.children} == {"binance_spot": Decimal(2), "okx_spot": Decimal("1.5")}
    assert plan.notes[0] == "A clip takes at most 20.00 % of a venue's near depth, on 2 venues; about 3 clips."
    assert plan.left_out == {"kraken_spot": "its part of the clip is too small: less than one lot"}


@pytest.mark.parametrize("amount", ["3", "0.1"])
def test_an_immediate_preview_speaks_of_one_clip(amount: str) -> None:
    plan = plan_of(amount, asks("binance_spot", "3"), time_in_force=TimeInForce.IOC)
    assert plan.notes[0].endswith("on 1 venue; one clip.")
    assert plan.slices == 1
