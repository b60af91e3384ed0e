"""What the engine relies on, whatever venue is behind a connector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from core.domain.candles import MINUTE_US
from core.domain.enums import Liquidity, OrderSide, TimeInForce
from core.domain.errors import DuplicateClientId, OrderNotFound, VenueRefused, VenueUnavailable
from core.domain.market import BookMessage, MarketMessage
from core.domain.orders import Fill
from core.exchanges.connector import NewOrder, VenueOrder, VenueOrderStatus
from tests.contract.venues import FACTORIES, VenueUnderTest

BUY, SELL = OrderSide.BUY, OrderSide.SELL
BIDS = {"100": "1", "99.5": "2"}
ASKS = {"100.5": "1", "101": "2"}


@pytest_asyncio.fixture(params=FACTORIES)
async def venue(request: pytest.FixtureRequest) -> AsyncIterator[VenueUnderTest]:
    """Open, subscribed, and showing two levels a side."""
    async with FACTORIES[request.param]() as under_test:
        await under_test.connector.open()
        await under_test.connector.subscribe(under_test.symbol)
        await under_test.set_book(BIDS, ASKS)
        yield under_test
        await under_test.connector.close()


def order(venue: VenueUnderTest, side: OrderSide, amount: str, price: str, client_id: str = "c1", **flags: Any) -> NewOrder:
    return NewOrder(client_id, venue.symbol, side, Decimal(amount), Decimal(price), **flags)


async def send(venue: VenueUnderTest, side: OrderSide, amount: str, price: str, client_id: str = "c1", **flags: Any) -> VenueOrder:
    return await venue.do(venue.connector.create_order(order(venue, side, amount, price, client_id, **flags)))


async def find(venue: VenueUnderTest, client_id: str = "c1") -> VenueOrder:
    found = await venue.do(venue.connector.find_order(venue.symbol, client_id))
    assert found is not None
    return found


async def fills(venue: VenueUnderTest, client_id: str = "c1") -> list[Fill]:
    return list(await venue.do(venue.connector.fills_of(venue.symbol, client_id)))


@pytest.mark.parametrize("name", FACTORIES)
async def test_instruments_are_known_once_it_is_open(name: str) -> None:
    async with FACTORIES[name]() as under_test:
        assert not under_test.connector.instruments
        await under_test.connector.open()
        instrument = under_test.connector.instruments[under_test.symbol]
        assert (instrument.venue, instrument.symbol) == (under_test.connector.venue, under_test.symbol)
        assert under_test.connector.latency_ms is None
        await under_test.connector.close()


async def test_closing_twice_is_harmless_and_nothing_can_be_sent_afterwards(venue: VenueUnderTest) -> None:
    await venue.connector.close()
    await venue.connector.close()
    with pytest.raises(VenueUnavailable):
        await send(venue, BUY, "1", "100")


async def test_market_data_starts_with_a_snapshot(venue: VenueUnderTest) -> None:
    messages: list[MarketMessage] = []
    venue.connector.on_market(messages.append)
    await venue.set_book({"99": "1"}, {"102": "2"})
    await venue.settle()
    first = messages[0]
    assert isinstance(first, BookMessage)
    assert first.is_snapshot
    assert (list(first.bid_ticks), list(first.bid_sizes), list(first.ask_ticks), list(first.ask_sizes)) == ([198], [100], [204], [200])


async def test_a_resting_order_is_open_until_it_is_cancelled(venue: VenueUnderTest) -> None:
    placed = await send(venue, BUY, "1", "100")
    assert (placed.status, placed.filled, placed.price, placed.amount) == (VenueOrderStatus.OPEN, Decimal(0), Decimal(100), Decimal(1))
    assert [one.client_id for one in await venue.do(venue.connector.open_orders(venue.symbol))] == ["c1"]
    assert venue.connector.latency_ms is not None

    await venue.do(venue.connector.cancel_order(venue.symbol, "c1"))
    assert (await find(venue)).status is VenueOrderStatus.CANCELLED
    assert not await venue.do(venue.connector.open_orders(venue.symbol))


async def test_a_crossing_order_fills_at_the_book(venue: VenueUnderTest) -> None:
    await send(venue, BUY, "1.5", "101", time_in_force=TimeInForce.IOC)
    await venue.settle()
    assert (await find(venue)).status is VenueOrderStatus.FILLED
    trades = await fills(venue)
    assert sorted((trade.price, trade.amount) for trade in trades) == [(Decimal("100.5"), 1), (Decimal(101), Decimal("0.5"))]
    assert {trade.liquidity for trade in trades} == {Liquidity.TAKER}
    assert all(trade.fee > 0 for trade in trades)
    assert len({trade.trade_id for trade in trades}) == 2


async def test_the_stream_tells_every_fill_and_the_end(venue: VenueUnderTest) -> None:
    await send(venue, BUY, "1.5", "101", time_in_force=TimeInForce.IOC)
    await venue.settle()
    assert [event for event in venue.heard if isinstance(event, Fill)] == await fills(venue)
    last = [event for event in venue.heard if isinstance(event, VenueOrder)][-1]
    assert (last.client_id, last.status, last.filled) == ("c1", VenueOrderStatus.FILLED, Decimal("1.5"))


async def test_a_resting_order_fills_when_others_trade_through_it(venue: VenueUnderTest) -> None:
    await send(venue, SELL, "0.5", "100.5")
    await venue.print_trade(BUY, "101", "2")
    await venue.settle()
    assert (await find(venue)).status is VenueOrderStatus.FILLED
    [trade] = await fills(venue)
    assert (trade.price, trade.amount, trade.liquidity, trade.side) == (Decimal("100.5"), Decimal("0.5"), Liquidity.MAKER, SELL)


async def test_the_rest_of_an_ioc_expires(venue: VenueUnderTest) -> None:
    await send(venue, BUY, "1.5", "100.5", time_in_force=TimeInForce.IOC)
    await venue.settle()
    found = await find(venue)
    assert (found.status, found.filled) == (VenueOrderStatus.EXPIRED, Decimal(1))


async def test_a_fill_or_kill_that_can_not_fill_does_nothing(venue: VenueUnderTest) -> None:
    if not venue.connector.capabilities.fill_or_kill:
        pytest.skip("the venue has no fill-or-kill, and says so")
    await send(venue, BUY, "5", "101", time_in_force=TimeInForce.FOK)
    await venue.settle()
    found = await find(venue)
    assert (found.status, found.filled) == (VenueOrderStatus.EXPIRED, Decimal(0))


async def test_post_only_never_takes(venue: VenueUnderTest) -> None:
    """Some venues refuse it, others accept and end it at once; a fill is what must not happen."""
    try:
        await send(venue, BUY, "1", "100.5", post_only=True)
    except VenueRefused:
        return
    await venue.settle()
    found = await find(venue)
    assert found.status in (VenueOrderStatus.EXPIRED, VenueOrderStatus.CANCELLED)
    assert not found.filled


async def test_a_client_id_is_taken_once_also_after_its_order_ended(venue: VenueUnderTest) -> None:
    await send(venue, BUY, "1", "100")
    with pytest.raises(DuplicateClientId):
        await send(venue, BUY, "1", "99.5")
    await venue.do(venue.connector.cancel_order(venue.symbol, "c1"))
    with pytest.raises(DuplicateClientId):
        await send(venue, BUY, "1", "100")


@pytest.mark.parametrize(("amount", "price"), [("1", "100.2"), ("1.001", "100"), ("0.001", "100")])
async def test_what_is_off_the_grid_or_too_small_is_refused_and_not_there(venue: VenueUnderTest, amount: str, price: str) -> None:
    with pytest.raises(VenueRefused, match=venue.connector.venue):
        await send(venue, BUY, amount, price)
    assert await venue.do(venue.connector.find_order(venue.symbol, "c1")) is None


async def test_more_than_the_balance_is_refused(venue: VenueUnderTest) -> None:
    with pytest.raises(VenueRefused):
        await send(venue, BUY, "10000000", "100")


async def test_an_amend_changes_price_and_amount_in_place(venue: VenueUnderTest) -> None:
    if not venue.connector.capabilities.amend:
        pytest.skip("the venue can't amend, and says so")
    placed = await send(venue, BUY, "1", "99.5")
    await venue.do(venue.connector.amend_order(venue.symbol, "c1", price=Decimal(100), amount=Decimal("1.2")))
    found = await find(venue)
    assert (found.price, found.amount, found.venue_order_id) == (Decimal(100), Decimal("1.2"), placed.venue_order_id)


async def test_a_refused_amend_leaves_the_order_live(venue: VenueUnderTest) -> None:
    if not venue.connector.capabilities.amend:
        pytest.skip("the venue can't amend, and says so")
    await send(venue, BUY, "1", "99.5")
    with pytest.raises(VenueRefused):
        await venue.do(venue.connector.amend_order(venue.symbol, "c1", price=Decimal("99.7"), amount=Decimal(1)))
    found = await find(venue)
    assert (found.status, found.price) == (VenueOrderStatus.OPEN, Decimal("99.5"))


async def test_what_is_over_or_was_never_there_can_not_be_cancelled_or_amended(venue: VenueUnderTest) -> None:
    await send(venue, BUY, "1", "101", time_in_force=TimeInForce.IOC)
    for client_id in ("c1", "never"):
        with pytest.raises(OrderNotFound):
            await venue.do(venue.connector.cancel_order(venue.symbol, client_id))
        if not venue.connector.capabilities.amend:
            continue
        with pytest.raises(OrderNotFound):
            await venue.do(venue.connector.amend_order(venue.symbol, client_id, price=Decimal(100), amount=Decimal(1)))


async def test_an_order_that_never_was_is_none_and_not_an_error(venue: VenueUnderTest) -> None:
    assert await venue.do(venue.connector.find_order(venue.symbol, "never")) is None
    assert not await fills(venue, "never")


async def test_an_open_order_lowers_what_is_free_and_not_the_total(venue: VenueUnderTest) -> None:
    before = (await venue.do(venue.connector.balances()))["USDT"]
    await send(venue, BUY, "1", "100")
    during = (await venue.do(venue.connector.balances()))["USDT"]
    await venue.do(venue.connector.cancel_order(venue.symbol, "c1"))
    after = (await venue.do(venue.connector.balances()))["USDT"]
    assert during.total == before.total
    assert during.free < before.free
    assert after == before


async def test_reduce_only_is_refused_without_a_position(venue: VenueUnderTest) -> None:
    with pytest.raises(VenueRefused):
        await send(venue, SELL, "1", "100", reduce_only=True)


async def test_an_unknown_symbol_is_refused(venue: VenueUnderTest) -> None:
    with pytest.raises(VenueRefused):
        await venue.do(venue.connector.create_order(replace(order(venue, BUY, "1", "100"), symbol="NOPE/USDT")))


async def test_candles_are_whole_minutes_of_the_interval_oldest_first(venue: VenueUnderTest) -> None:
    until_us = 1_700_000_000_000_000
    since_us = until_us - 90 * MINUTE_US
    candles = await venue.do(venue.connector.candles(venue.symbol, since_us, until_us))
    starts = [candle.start_us for candle in candles]
    assert starts == sorted(set(starts))
    assert all(start % MINUTE_US == 0 and since_us <= start < until_us for start in starts)
    assert all(candle.volume >= 0 for candle in candles)


async def test_a_fill_moves_the_position_on_a_perp_and_a_spot_venue_has_none(venue: VenueUnderTest) -> None:
    assert not await venue.do(venue.connector.positions())
    await send(venue, SELL, "1", "100", time_in_force=TimeInForce.IOC)
    position = {venue.symbol: Decimal(-1)} if venue.connector.capabilities.leverage else {}
    assert await venue.do(venue.connector.positions()) == position


async def test_leverage_can_be_set_twice_where_it_is_declared_and_is_refused_elsewhere(venue: VenueUnderTest) -> None:
    if not venue.connector.capabilities.leverage:
        with pytest.raises(VenueRefused):
            await venue.do(venue.connector.set_leverage(venue.symbol, 3))
        return
    for mode in ("isolated", "isolated", "cross", None):
        await venue.do(venue.connector.set_leverage(venue.symbol, 3, mode))
    with pytest.raises(VenueRefused):
        await venue.do(venue.connector.set_leverage(venue.symbol, 100_000))
