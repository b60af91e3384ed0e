"""Orders that cross: they walk the book, and what they take stays taken."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.enums import Liquidity
from core.domain.errors import VenueRefused
from core.domain.market import BookMessage
from core.exchanges.connector import VenueOrderStatus
from core.market.store import OrderBooks
from tests.core.exchanges.paper_desk import BUY, FOK, IOC, SELL, SPOT, SYMBOL, PaperDesk, paper_desk


async def test_a_taker_walks_the_book_from_the_touch_to_its_limit(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "2.5", "101", IOC)

    assert order.status is VenueOrderStatus.FILLED
    assert [(fill.price, fill.amount) for fill in spot.fills] == [(Decimal("100.5"), Decimal(1)), (Decimal(101), Decimal("1.5"))]
    assert {fill.liquidity for fill in spot.fills} == {Liquidity.TAKER}


async def test_a_taker_never_pays_more_than_its_limit(spot: PaperDesk) -> None:
    order = await spot.send(SELL, "5", "99.5", IOC)

    assert order.status is VenueOrderStatus.EXPIRED
    assert order.filled == Decimal(3)
    assert min(fill.price for fill in spot.fills) == Decimal("99.5")


async def test_what_was_taken_stays_taken(spot: PaperDesk) -> None:
    await spot.send(BUY, "1.5", "101", IOC)
    second = await spot.send(BUY, "5", "101", IOC)

    assert second.filled == Decimal("1.5")
    assert spot.ladder("asks") == {"101.5": "3.00"}


async def test_the_feed_refreshes_the_level_that_it_names_and_no_other(spot: PaperDesk) -> None:
    await spot.send(BUY, "3", "101", IOC)
    spot.feed.change(asks={"101": "4"})

    assert spot.ladder("asks") == {"101.0": "4.00", "101.5": "3.00"}


async def test_a_snapshot_refreshes_every_level(spot: PaperDesk) -> None:
    await spot.send(BUY, "3", "101", IOC)
    spot.feed.snapshot()

    assert spot.ladder("asks") == {"100.5": "1.00", "101.0": "2.00", "101.5": "3.00"}


async def test_everyone_sees_the_hole_a_taker_leaves(spot: PaperDesk) -> None:
    books = OrderBooks(spot.clock)
    books.register(spot.instrument)
    for message in spot.seen:
        books.consume(message)
    spot.venue.on_market(books.consume)

    await spot.send(BUY, "1.4", "101", IOC)
    spot.feed.change(bids={"100": "7"})  # the numbered feed goes on over the unnumbered hole

    book = books.view(SYMBOL).books["test_spot"]
    assert book.best_ask == Decimal(101)
    assert book.asks.sizes.tolist() == [160, 300]
    assert book.bids.sizes.tolist() == [700, 200, 300]
    assert not book.note


async def test_the_rest_of_a_crossing_limit_order_rests(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1.5", "100.5")

    assert order.status is VenueOrderStatus.OPEN
    assert order.filled == Decimal(1)
    spot.feed.trade(SELL, "100.5", "0.2")
    assert spot.filled(order) == "1.20"
    assert spot.fills[-1].liquidity is Liquidity.MAKER


async def test_fill_or_kill_takes_all_or_touches_nothing(spot: PaperDesk) -> None:
    killed = await spot.send(BUY, "3.01", "101", FOK)
    assert killed.status is VenueOrderStatus.EXPIRED
    assert killed.filled == 0
    assert spot.ladder("asks")["100.5"] == "1.00"

    done = await spot.send(BUY, "3", "101", FOK)
    assert done.status is VenueOrderStatus.FILLED


async def test_the_market_may_move_while_an_order_travels(spot: PaperDesk) -> None:
    answer = asyncio.create_task(spot.venue.create_order(spot.order(BUY, "1", "101", IOC)))
    await spot.clock.advance(0.001)
    spot.feed.change(asks={"100.5": "0", "101": "0"})
    await spot.clock.advance(1)

    order = await answer
    assert order.status is VenueOrderStatus.EXPIRED
    assert order.filled == 0


async def test_a_book_with_a_gap_trades_with_nobody(spot: PaperDesk) -> None:
    spot.feed.gap()
    with pytest.raises(VenueRefused, match="updates were lost"):
        await spot.send(BUY, "1", "101", IOC)

    spot.feed.snapshot()
    assert (await spot.send(BUY, "1", "101", IOC)).status is VenueOrderStatus.FILLED


async def test_a_size_too_small_for_the_lot_is_left_in_the_book() -> None:
    """Book sizes may be finer than the lot; orders are not."""
    async with paper_desk(replace(SPOT, size_unit=Decimal("0.001"))) as fine:
        fine.feed.change(asks={"100.5": "0.999", "101": "0.005"})
        order = await fine.send(BUY, "2", "101", IOC)
        assert order.filled == Decimal("0.99")
        assert fine.ladder("asks")["100.5"] == "0.009"


async def test_holes_come_after_the_level_that_a_resting_order_eats(spot: PaperDesk) -> None:
    """Published the other way round, the hole would be filled again by the very message that caused it."""
    await spot.send(BUY, "0.5", "100")
    spot.seen.clear()
    spot.feed.change(bids={"100": "0"}, asks={"100": "2"})

    sizes = [message.ask_sizes for message in spot.seen if isinstance(message, BookMessage)]
    assert sizes == [[200], [150]]
