"""What an order cost, as the engine says it while it runs, when it is over, and after a restart from the journal alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.enums import OrderSide
from core.domain.errors import UnknownOrder
from core.execution.history import read_executions
from core.execution.tca import tca
from tests.core.execution.floor import Floor, floor
from tests.core.making import instrument

D = Decimal


async def test_a_sweep_is_measured_against_the_mid_that_stood_when_it_went_out() -> None:
    async with floor("binance_spot") as f:
        order = await f.trade(amount="3", price="101.5")
        report = f.engine.tca(order.id)
        assert report.average_price == order.average_price
        assert report.decision_mid == report.arrival_mid == D("100.25")
        assert report.costs is not None
        # 1 at 100.5 and 2 at 101: the hole that it left is not its excuse.
        assert report.costs.spread == D("0.25") + 2 * D("0.75")
        assert report.costs.timing == 0
        assert report.costs.shortfall == D("1.75")
        assert not report.running


async def test_the_prediction_of_a_sweep_on_a_market_that_stands_still_comes_true() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", taker_fee="0.001"), instrument("okx_spot", tick="0.5")) as f:
        order = await f.trade(amount="5", price="101.5")
        report = f.engine.tca(order.id)
        assert report.predicted is not None
        assert report.predicted.average_price == report.average_price
        assert report.predicted.all_in_bps == pytest.approx(report.all_in_bps)
        assert report.predicted.fees == report.costs.fees if report.costs else False


async def test_a_resting_order_is_measured_against_the_mid_when_it_was_hit() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="100", strategy="best_price")
        await f.wait(1)
        running = f.engine.tca(order.id)
        assert running.running
        assert running.filled_amount == 0
        f.feeds["binance_spot"].snapshot({"99": "50"}, {"99.5": "50"})
        await f.do(order.done())
        report = f.engine.tca(order.id)
        assert report.arrival_mid == D("100.25")
        assert report.costs is not None
        assert order.average_price == 100
        assert report.costs.spread + report.costs.timing == D("-0.25")
        assert report.end_mid == D("99.25")


async def test_what_was_never_filled_costs_what_the_market_did_since() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="2", price="100", strategy="best_price")
        await f.wait(1)
        f.feeds["binance_spot"].snapshot({"104": "1"}, {"104.5": "1"})
        await f.wait(1)
        assert await f.do(f.engine.cancel_execution(order.id))
        f.feeds["binance_spot"].snapshot({"120": "1"}, {"120.5": "1"})
        await f.wait(1)
        report = f.engine.tca(order.id)
        assert report.costs is not None
        assert report.costs.shortfall == report.costs.opportunity == 8
        assert report.end_mid == D("104.25"), "what the market did after the end is nobody's cost"


async def test_a_working_algo_can_be_asked_while_it_runs() -> None:
    async with floor("binance_spot") as f:
        params = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive"}
        order = await f.start(amount="10", price="101.5", strategy="twap", params=params)
        await f.wait(45)
        report = f.engine.tca(order.id)
        assert report.running
        assert report.filled_amount == order.filled_amount > 0
        assert report.costs is not None
        assert report.costs.shortfall == sum(amount for _, amount in report.costs.parts())
        assert report.market_twap is not None


async def test_the_market_of_the_interval_is_what_traded_between_arrival_and_end() -> None:
    async with floor("binance_spot") as f:
        feed = f.feeds["binance_spot"]
        feed.trade(OrderSide.SELL, "90", "5")
        await f.wait(60)
        order = await f.start(amount="1", price="100", strategy="best_price")
        await f.wait(1)
        feed.trade(OrderSide.BUY, "102", "3")
        await f.wait(1)
        assert await f.do(f.engine.cancel_execution(order.id))
        report = f.engine.tca(order.id)
        assert report.market_volume == 3
        assert report.market_vwap == 102


async def test_the_journal_alone_explains_an_order_after_a_restart() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", taker_fee="0.001", fee_in_base=True), "okx_spot") as f:
        params = {"duration": 50, "slices": 5, "randomize": 0}
        orders = [
            await _finished(f, amount="5", price="101.5"),
            await _finished(f, amount="4", price="101.5", strategy="twap", params=params),
        ]
        read = read_executions(f.journal.entries())
        for order_id in orders:
            assert tca(read[order_id]) == f.engine.tca(order_id)


async def _finished(f: Floor, **words: object) -> str:
    order = await f.start(**words)  # type: ignore[arg-type]  # keywords of an order, passed through
    await f.do(order.done(), within_s=300)
    return order.id


async def test_an_order_that_never_was_has_no_costs() -> None:
    async with floor("binance_spot") as f:
        with pytest.raises(UnknownOrder):
            f.engine.tca("nobody")
