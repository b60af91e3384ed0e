"""What the paper venue refuses, as an exchange would."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.enums import OrderType, TimeInForce
from core.domain.errors import DuplicateClientId, OrderNotFound, UnknownVenue, VenueRefused, VenueUnavailable
from core.exchanges.connector import VenueOrderStatus
from core.exchanges.paper.connector import PaperConnector
from tests.core.exchanges.paper_desk import BUY, IOC, SELL, SYMBOL, PaperDesk


@pytest.mark.parametrize(
    ("amount", "price", "rule"),
    [
        ("1", "100.3", r"price 100\.3 is off its tick \(0\.5\)"),
        ("1.005", "100", r"amount 1\.005 is off its lot \(0\.01\)"),
        ("0.01", "100", r"0\.01 BTC is under the minimum of 0\.02 BTC"),
        ("0.04", "100", r"4\.00 USDT is under the minimum notional of 5 USDT"),
        ("0", "100", "must be positive"),
        ("1", "-100", "must be positive"),
    ],
)
async def test_the_grid_and_the_minimums_are_enforced_and_named(spot: PaperDesk, amount: str, price: str, rule: str) -> None:
    with pytest.raises(VenueRefused, match=rule):
        await spot.send(BUY, amount, price)
    assert not spot.venue.truth.orders
    assert not spot.heard


async def test_only_limit_orders_are_taken(spot: PaperDesk) -> None:
    with pytest.raises(VenueRefused, match="limit orders only"):
        await spot.do(spot.venue.create_order(replace(spot.order(BUY, "1", "100"), order_type=OrderType.MARKET)))
    with pytest.raises(VenueRefused, match="GTD"):
        await spot.send(BUY, "1", "100", TimeInForce.GTD)
    with pytest.raises(VenueRefused, match="contradicts IOC"):
        await spot.send(BUY, "1", "100", IOC, post_only=True)


async def test_an_unknown_symbol_is_refused(spot: PaperDesk) -> None:
    with pytest.raises(VenueRefused, match="it trades BTC/USDT"):
        await spot.do(spot.venue.create_order(replace(spot.order(BUY, "1", "100"), symbol="DOGE/USDT")))
    with pytest.raises(VenueRefused, match="does not trade"):
        await spot.venue.subscribe("DOGE/USDT")


async def test_a_client_id_is_used_once_for_ever(spot: PaperDesk) -> None:
    first = await spot.send(BUY, "1", "101", IOC, client_id="mine")
    assert first.status is VenueOrderStatus.FILLED
    with pytest.raises(DuplicateClientId):
        await spot.send(BUY, "1", "101", IOC, client_id="mine")
    assert len(spot.fills) == 1


async def test_a_refused_order_does_not_use_up_its_client_id(spot: PaperDesk) -> None:
    with pytest.raises(VenueRefused):
        await spot.send(BUY, "1", "100.3", client_id="mine")
    assert (await spot.send(BUY, "1", "100", client_id="mine")).status is VenueOrderStatus.OPEN


async def test_spot_has_nothing_to_reduce(spot: PaperDesk) -> None:
    assert not spot.venue.capabilities.reduce_only
    with pytest.raises(VenueRefused, match="reduce-only"):
        await spot.send(SELL, "1", "100", reduce_only=True)


async def test_reduce_only_never_opens_a_position(perp: PaperDesk) -> None:
    with pytest.raises(VenueRefused, match="reduce-only"):
        await perp.send(SELL, "1", "100", IOC, reduce_only=True)
    await perp.send(BUY, "1", "101", IOC)
    with pytest.raises(VenueRefused, match="larger than the position"):
        await perp.send(SELL, "1.01", "100", IOC, reduce_only=True)
    with pytest.raises(VenueRefused, match="larger than the position"):
        await perp.send(BUY, "0.5", "101", IOC, reduce_only=True)
    assert (await perp.send(SELL, "1", "100", IOC, reduce_only=True)).status is VenueOrderStatus.FILLED
    assert perp.venue.truth.ledger.position(SYMBOL) == 0


async def test_a_resting_reduce_only_order_goes_when_the_position_does(perp: PaperDesk) -> None:
    await perp.send(BUY, "1", "101", IOC)
    resting = await perp.send(SELL, "1", "102", reduce_only=True)
    await perp.send(SELL, "1", "100", IOC)
    assert perp.now(resting).status is VenueOrderStatus.CANCELLED
    assert "position is closed" in perp.now(resting).reason


async def test_a_resting_reduce_only_order_fills_no_more_than_the_position(perp: PaperDesk) -> None:
    await perp.send(BUY, "1", "101", IOC)
    resting = await perp.send(SELL, "1", "102", reduce_only=True)
    await perp.send(SELL, "0.7", "100", IOC)
    perp.feed.trade(BUY, "103", "5")
    assert perp.filled(resting) == "0.30"
    assert perp.now(resting).status is VenueOrderStatus.CANCELLED
    assert perp.venue.truth.ledger.position(SYMBOL) == 0


async def test_nothing_is_sent_before_open_or_after_close() -> None:
    desk = PaperDesk()
    assert not desk.venue.instruments
    with pytest.raises(VenueUnavailable):
        await desk.send(BUY, "1", "100")
    await desk.venue.open()
    await desk.venue.close()
    with pytest.raises(VenueUnavailable):
        await desk.venue.balances()


async def test_a_venue_that_the_feed_lacks_is_an_error_that_lists_the_others(spot: PaperDesk) -> None:
    with pytest.raises(UnknownVenue, match="known: test_spot"):
        PaperConnector("nowhere_spot", spot.feed, spot.clock)


async def test_an_order_that_never_was_is_not_found(spot: PaperDesk) -> None:
    with pytest.raises(OrderNotFound):
        await spot.do(spot.venue.cancel_order(SYMBOL, "ghost"))
    with pytest.raises(OrderNotFound):
        await spot.do(spot.venue.amend_order(SYMBOL, "ghost", price=Decimal(100), amount=Decimal(1)))
    assert await spot.do(spot.venue.find_order(SYMBOL, "ghost")) is None
    assert await spot.do(spot.venue.fills_of(SYMBOL, "ghost")) == []
