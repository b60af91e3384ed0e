"""Orders that rest: they wait their turn, and never get more than traded."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.enums import Liquidity
from core.domain.errors import OrderNotFound, VenueRefused
from core.exchanges.connector import VenueOrderStatus
from tests.core.exchanges.paper_desk import BUY, SELL, PaperDesk


async def test_the_queue_in_front_is_served_first(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.trade(SELL, "100", "0.9")
    assert spot.filled(order) == "0.00"
    spot.feed.trade(SELL, "100", "0.3")
    assert spot.filled(order) == "0.20"
    spot.feed.trade(SELL, "100", "5")
    assert spot.now(order).status is VenueOrderStatus.FILLED
    assert {fill.liquidity for fill in spot.fills} == {Liquidity.MAKER}


async def test_size_that_joins_later_stands_behind(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.change(bids={"100": "50"})
    spot.feed.trade(SELL, "100", "1.5")
    assert spot.filled(order) == "0.50"


async def test_a_level_that_shrinks_below_the_queue_shortens_it(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.change(bids={"100": "0.1"})
    spot.feed.trade(SELL, "100", "0.2")
    assert spot.filled(order) == "0.10"


async def test_a_trade_and_the_change_it_causes_move_the_queue_once(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "99.5")
    spot.feed.trade(SELL, "99.5", "1")
    spot.feed.change(bids={"99.5": "1"})
    spot.feed.trade(SELL, "99.5", "1")
    assert spot.filled(order) == "0.00"
    spot.feed.trade(SELL, "99.5", "0.4")
    assert spot.filled(order) == "0.40"


async def test_buyers_do_not_trade_with_buyers(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.trade(BUY, "100", "9")
    assert spot.filled(order) == "0.00"


async def test_a_trade_through_our_price_fills_us_at_our_price_and_not_beyond_its_size(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.trade(SELL, "99", "0.2")
    assert spot.filled(order) == "0.20"
    assert spot.fills[-1].price == 100


async def test_a_print_beyond_our_limit_does_not_reach_us(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "99")
    spot.feed.trade(SELL, "99.5", "50")
    assert spot.filled(order) == "0.00"


async def test_two_orders_of_ours_share_one_trade(spot: PaperDesk) -> None:
    better = await spot.send(SELL, "0.4", "100.5")
    behind = await spot.send(SELL, "0.4", "100.5")
    spot.feed.trade(BUY, "100.5", "1.5")  # 1.00 were in front of both
    assert (spot.filled(better), spot.filled(behind)) == ("0.40", "0.10")


async def test_the_better_price_goes_first(spot: PaperDesk) -> None:
    worse = await spot.send(SELL, "1", "101")
    better = await spot.send(SELL, "1", "100.5")
    spot.feed.change(asks={"100.5": "0"})
    spot.feed.trade(BUY, "101", "1.2")
    assert (spot.filled(better), spot.filled(worse)) == ("1.00", "0.00")


async def test_the_other_side_crossing_our_price_fills_what_crosses(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "2", "100")
    spot.feed.change(bids={"100": "0"}, asks={"100": "0.3", "99.5": "0", "100.5": "4"})
    assert spot.filled(order) == "0.30"
    assert spot.fills[-1].price == 100
    assert spot.ladder("asks") == {"100.5": "4.00", "101.0": "2.00", "101.5": "3.00"}
    spot.feed.change(asks={"101": "8"})
    assert spot.filled(order) == "0.30"


async def test_a_seller_who_comes_down_to_us_gets_our_price(spot: PaperDesk) -> None:
    await spot.send(BUY, "2", "100")
    spot.feed.change(bids={"100": "0", "99.5": "0"}, asks={"99.5": "0.3"})
    assert [(str(fill.price), str(fill.amount), fill.liquidity) for fill in spot.fills] == [("100.0", "0.30", Liquidity.MAKER)]


async def test_post_only_is_refused_when_it_would_trade(spot: PaperDesk) -> None:
    with pytest.raises(VenueRefused, match="post-only"):
        await spot.send(BUY, "1", "100.5", post_only=True)
    assert (await spot.send(BUY, "1", "100", post_only=True)).status is VenueOrderStatus.OPEN


async def test_an_order_inside_the_spread_is_first_in_its_queue(spot: PaperDesk) -> None:
    spot.feed.change(asks={"100.5": "0"})
    order = await spot.send(BUY, "0.5", "100.5")
    spot.feed.trade(SELL, "100.5", "0.1")
    assert spot.filled(order) == "0.10"


async def test_shrinking_an_order_keeps_its_turn(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.change(bids={"100": "9"})
    await spot.amend(order, amount="0.3")
    spot.feed.trade(SELL, "100", "1.1")
    assert spot.filled(order) == "0.10"


async def test_growing_an_order_sends_it_to_the_back(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.change(bids={"100": "9"})
    await spot.amend(order, amount="0.6")
    spot.feed.trade(SELL, "100", "9")
    assert spot.filled(order) == "0.00"
    spot.feed.trade(SELL, "100", "0.6")
    assert spot.filled(order) == "0.60"


async def test_an_order_amended_across_the_spread_trades_as_a_taker(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1.5", "100")
    amended = await spot.amend(order, price="100.5")
    assert amended.filled == 1
    assert amended.venue_order_id == order.venue_order_id
    assert spot.fills[-1].liquidity is Liquidity.TAKER


async def test_a_post_only_order_is_not_amended_across_the_spread(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1", "100", post_only=True)
    with pytest.raises(VenueRefused, match="post-only"):
        await spot.amend(order, price="100.5")
    assert spot.now(order).status is VenueOrderStatus.OPEN
    assert spot.now(order).price == 100


async def test_an_order_is_not_amended_below_what_it_has_filled(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1.5", "100.5")
    with pytest.raises(VenueRefused, match="is filled already"):
        await spot.amend(order, amount="0.8")
    assert spot.now(order).amount == Decimal("1.5")
    assert spot.now(order).status is VenueOrderStatus.OPEN


async def test_a_cancelled_order_gets_nothing_more(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.trade(SELL, "100", "1.2")
    await spot.cancel(order)
    spot.feed.trade(SELL, "99", "10")
    assert spot.now(order).status is VenueOrderStatus.CANCELLED
    assert spot.filled(order) == "0.20"


async def test_a_cancel_that_loses_to_a_fill_says_not_found(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.trade(SELL, "99", "10")
    with pytest.raises(OrderNotFound):
        await spot.cancel(order)
    assert spot.now(order).status is VenueOrderStatus.FILLED


async def test_queues_survive_a_gap(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "0.5", "100")
    spot.feed.gap()
    spot.feed.snapshot(bids={"100": "0.4"})
    spot.feed.trade(SELL, "100", "0.6")
    assert spot.filled(order) == "0.20"
