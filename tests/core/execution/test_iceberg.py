"""ICEBERG as the market sees it: one small tip, again and again."""

from __future__ import annotations

from decimal import Decimal

from core.domain.enums import OrderSide
from core.domain.market import BookState
from core.domain.orders import ParentStatus
from tests.core.execution.floor import Floor, children, floor
from tests.core.making import instrument

CALM = {"display_amount": "1", "variance": 0}


def fill_tip(f: Floor, venue: str = "binance_spot", price: str = "100", size: str = "500") -> None:
    """Somebody sells through everything that waits at `price`."""
    f.feeds[venue].trade(OrderSide.SELL, price, size)


async def test_only_one_tip_is_ever_visible_and_it_is_refilled_as_it_fills() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM)
        for filled in range(1, 4):
            await f.wait(1)
            live = [child for child in children(order) if child.live_amount]
            assert [(child.price, child.amount, child.post_only) for child in live] == [(Decimal("100"), Decimal("1"), True)]
            fill_tip(f)
            await f.wait(1)
            assert order.filled_amount == filled
        assert order.status is ParentStatus.FILLED


async def test_tips_vary_within_their_bounds() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="10", price="101", strategy="iceberg", params={"display_amount": "1", "variance": 30})
        for _ in range(30):
            await f.wait(1)
            fill_tip(f)
        sizes = [child.amount for child in children(order)][:-1]
        assert all(Decimal("0.7") <= size <= Decimal("1.3") for size in sizes)
        assert len(set(sizes)) > 3
        assert order.status is ParentStatus.FILLED


async def test_the_last_tip_takes_the_dust_along() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", min_amount="0.3")) as f:
        order = await f.start(amount="2.1", price="101", strategy="iceberg", params=CALM)
        for _ in range(4):
            await f.wait(1)
            fill_tip(f)
        assert [child.amount for child in children(order)] == [Decimal("1"), Decimal("1.1")]
        assert order.status is ParentStatus.FILLED


async def test_a_tip_follows_the_touch_but_not_its_flicker() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM)
        await f.wait(3)
        f.feeds["binance_spot"].change(bids={"100.5": "1"}, asks={"100.5": "0"})
        await f.wait(3)
        assert [child.price for child in children(order) if child.live_amount] == [Decimal("100")]
        f.feeds["binance_spot"].change(bids={"101": "1"}, asks={"101": "0"})
        await f.wait(3)
        assert [child.price for child in children(order) if child.live_amount] == [Decimal("101")]


async def test_it_never_waits_past_the_limit() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="99", strategy="iceberg", params=CALM)
        await f.wait(2)
        assert [child.price for child in children(order)] == [Decimal("99")]


async def test_a_venue_that_hides_orders_itself_gets_one_order_with_a_display_amount() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", native_iceberg=True)) as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM)
        await f.wait(2)
        assert [child.amount for child in children(order)] == [Decimal("3")]
        (sent,) = f.venues["binance_spot"].truth.orders.values()
        assert sent.display_amount == 1


async def test_it_works_on_the_venue_that_was_asked_for() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM | {"exchange": "okx"})
        await f.wait(2)
        assert [child.exchange for child in children(order)] == ["okx_spot"]


async def test_modify_and_cancel_keep_the_strategy() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM)
        await f.wait(2)
        assert await f.do(f.engine.modify_execution(order.id, new_price="99.5", new_amount="2"))
        await f.wait(3)
        assert [(child.price, child.amount) for child in children(order) if child.live_amount] == [(Decimal("99.5"), Decimal("1"))]
        assert await f.do(f.engine.cancel_execution(order.id))
        assert order.status is ParentStatus.CANCELLED


async def test_it_waits_out_a_moment_without_a_bid() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM)
        await f.wait(1)
        f.feeds["binance_spot"].snapshot(bids={}, asks={"100.5": "1"})
        fill_tip(f)
        await f.wait(3)
        live = [child for child in children(order) if child.live_amount]
        assert order.status is ParentStatus.RUNNING
        assert [child.price for child in live] == [Decimal("100")]


async def test_with_both_sides_empty_it_waits_for_the_book_to_come_back() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM)
        await f.wait(1)
        f.feeds["binance_spot"].snapshot(bids={}, asks={})
        fill_tip(f)
        await f.wait(3)
        assert order.status is ParentStatus.RUNNING
        f.feeds["binance_spot"].snapshot(bids={"98": "1"}, asks={"99": "1"})
        await f.wait(3)
        assert [child.price for child in children(order) if child.live_amount] == [Decimal("98")]


async def test_a_sell_on_an_empty_side_waits_one_tick_inside_and_never_past_the_limit() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        f.feeds["binance_spot"].snapshot(asks={})
        inside = await f.start("sell", amount="3", price="95", strategy="iceberg", params=CALM | {"exchange": "binance_spot"})
        at_limit = await f.start("sell", amount="3", price="103", strategy="iceberg", params=CALM | {"exchange": "binance_spot"})
        await f.wait(1)
        assert [child.price for order in (inside, at_limit) for child in children(order)] == [Decimal("100.5"), Decimal("103")]


async def test_a_tip_does_not_follow_a_book_that_cannot_be_trusted() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="3", price="101", strategy="iceberg", params=CALM)
        await f.wait(3)
        f.feeds["binance_spot"].change(bids={"101": "1"})
        await f.wait(3)
        assert f.books.view(order.symbol).books["binance_spot"].state is BookState.CROSSED
        assert [child.price for child in children(order) if child.live_amount] == [Decimal("100")]
        assert len(children(order)) == 1


async def test_a_tip_is_never_under_the_minimum_notional() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", min_notional="5.5")) as f:
        order = await f.start(amount="1", price="101", strategy="iceberg", params={"display_amount": "0.02"})
        await f.wait(2)
        assert [child.live_amount for child in children(order)] == [Decimal("0.06")]


async def test_a_native_iceberg_never_shows_nothing() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", native_iceberg=True)) as f:
        order = await f.start(amount="0.05", price="101", strategy="iceberg")
        await f.wait(2)
        assert [child.amount for child in children(order)] == [Decimal("0.05")]
        (sent,) = f.venues["binance_spot"].truth.orders.values()
        assert sent.display_amount == Decimal("0.01")
        plan = f.engine.preview(
            f.engine.request(symbol="BTC/USDT", side="buy", amount="0.05", order_type="limit", price="101", strategy="iceberg")
        )
        assert plan.notes == ("binance_spot hides all but 0.01 BTC itself.",)
