"""MINIMAL_MARKET_IMPACT as the books feel it: an equal small bite everywhere, then a pause until they have refilled."""

from __future__ import annotations

from decimal import Decimal

from core.domain.orders import ParentStatus
from tests.core.execution.floor import children, floor

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
        await f.do(order.done(), within_s=400)
        assert max(fill.price for fill in order.fills) <= Decimal("101.5")
        first = children(order)[0]
        assert first.price == Decimal("100.5")
        assert first.amount == Decimal("0.20")
