"""Routers as a trader meets them: what is sent where, what rests, what is reported."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.orders import ParentStatus
from core.exchanges.paper.faults import Fault
from tests.core.execution.floor import children, floor, shape
from tests.core.making import instrument


async def test_a_sweep_takes_the_cheapest_levels_of_all_venues_and_fills() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.trade(amount="3", price="101")
        assert order.status is ParentStatus.FILLED
        assert sorted(shape(order)) == [("binance_spot", "2", "2", "filled"), ("okx_spot", "1", "1", "filled")]
        assert order.average_price == Decimal("302") / 3


async def test_the_totals_are_the_sum_of_the_fills_to_the_last_digit() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", taker_fee="0.001"), "okx_spot") as f:
        order = await f.trade(amount="3.33", price="101")
        assert order.filled_amount == sum(fill.amount for fill in order.fills) == f.all_truth()
        assert order.fees["USDT"] == sum(fill.fee for fill in order.fills if fill.fee)


async def test_what_a_gtc_sweep_leaves_rests_as_one_order_at_the_traders_price() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.start(amount="8", price="101")
        await f.wait(5)
        resting = [child for child in children(order) if child.live_amount]
        assert [(child.price, child.live_amount) for child in resting] == [(Decimal("101"), Decimal("2"))]
        assert order.status is ParentStatus.RUNNING


async def test_slippage_moves_the_worst_price_of_the_sweep_but_not_where_the_rest_waits() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="60", price="101", params={"max_slippage_percent": 0.5})
        await f.wait(5)
        assert order.filled_amount == 53
        assert [child.price for child in children(order) if child.live_amount] == [Decimal("101")]


async def test_an_ioc_reports_what_it_could_not_fill_and_leaves_nothing_resting() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.trade(amount="8", price="101", time_in_force="ioc")
        assert order.status is ParentStatus.COMPLETED
        assert (order.filled_amount, order.remaining_amount) == (Decimal("6"), Decimal("2"))
        assert "no liquidity within the limit" in order.reason.lower() or "within the limit" in order.reason
        assert not any(child.live_amount for child in children(order))


async def test_best_price_sends_everything_to_the_venue_that_is_cheapest_for_this_size() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        f.feeds["okx_spot"].change(asks={"100.5": "0", "101": "10"})
        assert shape(await f.trade(amount="1", strategy="best_price")) == [("binance_spot", "1", "1", "filled")]
        f.feeds["binance_spot"].snapshot(asks={"100.5": "1", "103": "50"})
        order = await f.trade(amount="5", price="104", strategy="best_price")
        assert shape(order) == [("okx_spot", "5", "5", "filled")]


async def test_a_market_order_stops_at_its_protective_price() -> None:
    async with floor("binance_spot") as f:
        f.feeds["binance_spot"].snapshot(asks={"100.5": "1", "120": "50"})
        order = await f.trade(amount="3", price=None, strategy="best_price")
        assert order.filled_amount == 1
        assert order.status is ParentStatus.COMPLETED


async def test_a_resting_order_fills_when_the_market_comes_to_it() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="98", strategy="best_price")
        await f.wait(1)
        f.feeds["binance_spot"].change(asks={"98": "5"}, bids={"100": "0", "99.5": "0", "99": "0"})
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.average_price == Decimal("98")


async def test_a_refusing_venue_is_left_out_and_the_order_goes_to_another() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        f.venues["binance_spot"].faults.arm(Fault.REJECT)
        order = await f.trade(amount="1", price="101", strategy="best_price")
        assert [(c.exchange, c.status.value) for c in children(order)] == [("binance_spot", "rejected"), ("okx_spot", "filled")]


async def test_three_refusals_in_a_row_stop_the_order_with_the_venues_words() -> None:
    async with floor("binance_spot", "okx_spot", "kraken_spot") as f:
        for venue in f.venues.values():
            venue.faults.arm(Fault.REJECT, times=3)
        order = await f.trade(amount="1", strategy="best_price")
        assert order.status is ParentStatus.FAILED
        assert "overloaded" in order.reason


@pytest.mark.parametrize(
    "strategy", ["best_price", "best_liquidity", "lowest_fees", "split_evenly", "split_by_liquidity", "price_optimized_liquidity"]
)
async def test_a_resting_order_survives_any_number_of_pauses(strategy: str) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.start(amount="2", price="95", strategy=strategy)
        for _ in range(9):
            await f.wait(1)
            assert f.engine.pause_execution(order.id)
            await f.wait(1)
            assert f.engine.resume_execution(order.id)
        await f.wait(1)
        assert order.status is ParentStatus.RUNNING
        assert order.snapshot().live_amount == 2


async def test_an_immediate_order_for_one_venue_stays_on_one_venue() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.trade(amount="9", price="101", strategy="best_price", time_in_force="ioc")
        assert len({child.exchange for child in order.children}) == 1
        assert order.filled_amount == 3


async def test_the_preview_is_what_is_sent() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        words: dict[str, Any] = {
            "symbol": "BTC/USDT",
            "side": "buy",
            "amount": "3.5",
            "price": "101",
            "strategy": "price_optimized_liquidity",
        }
        plan = f.engine.preview(f.engine.request(**words))
        order = await f.do(f.engine.execute_order(**words))
        await f.do(order.done())
        assert [(c.exchange, c.price, c.amount) for c in children(order)] == [(c.exchange, c.price, c.amount) for c in plan.children]
        assert order.average_price == plan.average_price
        assert sum((c.amount for c in plan.children), Decimal(0)) + plan.unallocated == Decimal("3.5")
