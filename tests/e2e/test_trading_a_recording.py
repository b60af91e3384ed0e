"""Parents executed headless on the real recordings, on simulated time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from core import Desk, ExecutionStrategy, Order, Settings, open_desk
from core.domain.orders import ParentStatus
from tests.recordings import PERP, SPOT, recording

BTC = "BTC/USDT"


@asynccontextmanager
async def replay() -> AsyncIterator[Desk]:
    paths = (recording(SPOT), recording(PERP))
    async with open_desk(Settings(mode="replay", replay=paths, speed="max")) as desk:
        await desk.clock.sleep(2)
        yield desk


def assert_totals_are_the_sum_of_the_fills(order: Order) -> None:
    assert order.filled_amount == sum(fill.amount for fill in order.fills)
    assert order.filled_amount == sum(child.filled_amount for child in order.children)
    notional = sum(fill.amount * fill.price for fill in order.fills)
    assert order.snapshot().filled_notional == notional
    assert sum(order.fees.values()) == sum(fill.fee for fill in order.fills)
    assert len({(fill.venue, fill.trade_id) for fill in order.fills}) == len(order.fills)


async def test_a_five_minute_twap_fills_in_its_time() -> None:
    async with replay() as desk:
        started_us = desk.clock.now_us()
        order = await desk.engine.execute_order(BTC, "buy", "5", "limit", "62500", ExecutionStrategy.TWAP, params={"duration": "5m"})
        await order.done()
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == 5
        assert 240 < (desk.clock.now_us() - started_us) / 1e6 <= 316
        assert_totals_are_the_sum_of_the_fills(order)
        assert max(child.amount for child in order.children) <= 1  # ten slices, at most two of them at a time


async def test_a_sweep_of_forty_bitcoin_takes_from_spot_and_perp() -> None:
    async with replay() as desk:
        order = await desk.engine.execute_order(BTC, "sell", "40", "limit", "61500", ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY)
        await order.done()
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == 40
        assert {fill.venue for fill in order.fills} == {"binance_spot", "binance_perp"}
        assert_totals_are_the_sum_of_the_fills(order)
        assert order.average_price is not None
        assert order.average_price >= Decimal(61500)


async def test_the_example_of_the_documentation_rests_where_the_market_is_elsewhere() -> None:
    async with replay() as desk:
        order = await desk.engine.execute_order(
            symbol=BTC,
            side="buy",
            amount=Decimal("0.1"),
            order_type="limit",
            price=Decimal("50000"),
            strategy=ExecutionStrategy.BEST_PRICE,
        )
        await desk.clock.sleep(5)
        assert order.status is ParentStatus.RUNNING
        assert "resting" in order.reason
        assert await desk.engine.modify_execution(order_id=order.id, new_price=Decimal("51000"), new_amount=Decimal("0.15"))
        assert await desk.engine.cancel_execution(order.id)
        assert order.status is ParentStatus.CANCELLED
