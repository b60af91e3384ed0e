"""Finding out what the streams did not tell: after a silence, a pause, a reconnect, or news that make no sense."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.enums import Liquidity, OrderSide, TimeInForce
from core.domain.errors import RateLimited
from core.domain.events import Notice
from core.domain.orders import Fill, Knowledge, ParentStatus
from core.exchanges.connector import ConnectionChange, NewOrder, VenueOrder
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.execution.reconcile import Reconciler
from core.execution.tasks import TaskOwner
from tests.core.exchanges.paper_desk import BUY, SYMBOL
from tests.core.execution.floor import Floor, floor, shape

VENUE = "binance_spot"


def silence(f: Floor) -> None:
    """The private stream hangs: connected, and nothing comes."""
    f.venues[VENUE].faults.account_frozen = True


def trade_through(f: Floor) -> None:
    """The market comes down to 99 and past it."""
    f.feeds[VENUE].change(asks={"99": "5"}, bids={"100": "0", "99.5": "0", "99": "0"})


def notices(f: Floor) -> list[Notice]:
    heard: list[Notice] = []
    f.manager.on_notice(heard.append)
    return heard


async def test_a_fill_that_a_hanging_stream_swallowed_is_found_within_seconds() -> None:
    async with floor(VENUE) as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        silence(f)
        trade_through(f)
        await f.wait(3)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 1


async def test_a_stream_that_missed_something_is_subscribed_anew_and_the_trader_is_told() -> None:
    async with floor(VENUE) as f:
        heard = notices(f)
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        silence(f)
        trade_through(f)
        await f.wait(3)
        assert [notice.sentence for notice in heard] == ["binance_spot: the private stream missed news of an order; they are looked up."]
        assert not f.venues[VENUE].faults.account_frozen


async def test_an_immediate_order_that_does_not_end_is_looked_up_within_seconds() -> None:
    async with floor(VENUE) as f:
        silence(f)
        order = await f.start(amount="60", price="101", time_in_force="ioc")
        await f.do(order.done(), within_s=5)
        assert order.filled_amount == f.all_truth() == 3


async def test_a_cancel_behind_our_back_is_noticed_without_any_news() -> None:
    async with floor(VENUE) as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        (child,) = order.children
        f.venues[VENUE].faults.chance(StreamFault.DROPPED, 1.0)
        f.venues[VENUE].truth.cancel(SYMBOL, child.id)
        await f.wait(32)
        assert child.status.value == "cancelled"


async def test_nothing_is_asked_while_nothing_is_open() -> None:
    async with floor(VENUE) as f:
        await f.trade(amount="1", price="101")
        await f.wait(5)
        f.venues[VENUE].faults.arm(Fault.REFUSED_CONNECTION, Call.QUERY)
        await f.wait(300)
        assert f.venues[VENUE].faults.draw(Call.QUERY) is not None  # still armed: nobody asked
        assert f.clock.next_deadline_us() is None


async def test_what_rests_is_compared_every_half_minute() -> None:
    async with floor(VENUE) as f:
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(11)
        f.venues[VENUE].faults.arm(Fault.REJECT, Call.QUERY)
        await f.wait(28)
        assert f.venues[VENUE].faults.draw(Call.QUERY) is not None
        f.venues[VENUE].faults.arm(Fault.REJECT, Call.QUERY)
        await f.wait(4)
        assert f.venues[VENUE].faults.draw(Call.QUERY) is None


async def test_a_list_that_is_older_than_the_news_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(VENUE) as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        list_now = f.venues[VENUE].open_orders

        async def list_late(symbol: str) -> Sequence[VenueOrder]:
            listed = await list_now(symbol)
            await f.engine.cancel_execution(order.id)
            return listed

        monkeypatch.setattr(f.venues[VENUE], "open_orders", list_late)
        await f.do(f.engine.reconciler.sweep(VENUE, SYMBOL))
        assert order.status is ParentStatus.CANCELLED
        assert all(event.order.knowledge is Knowledge.KNOWN for event in f.events)


async def test_after_a_reconnect_one_list_settles_what_still_rests() -> None:
    async with floor(VENUE) as f:
        orders = [await f.start(amount="0.1", price=price, strategy="best_price") for price in ("99", "98", "97")]
        await f.wait(1)
        f.manager._on_account(ConnectionChange(VENUE, connected=True, ts_us=f.clock.now_us()))
        f.engine.reconciler._on_account(VENUE, ConnectionChange(VENUE, connected=True, ts_us=f.clock.now_us()))
        assert {child.snapshot().knowledge for order in orders for child in order.children} == {Knowledge.UNKNOWN}
        await f.wait(0.2)
        assert {child.snapshot().knowledge for order in orders for child in order.children} == {Knowledge.KNOWN}


async def test_a_failed_look_is_no_evidence_and_is_tried_again() -> None:
    async with floor(VENUE) as f:
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        silence(f)
        f.venues[VENUE].faults.arm(Fault.REFUSED_CONNECTION, Call.QUERY)
        trade_through(f)
        await f.wait(3)
        assert order.filled_amount == 0
        assert shape(order) == [(VENUE, "1", "0", "open")]
        await f.wait(5)
        assert order.filled_amount == 1


async def test_orders_of_others_on_our_account_are_shown_apart_and_left_alone() -> None:
    async with floor(VENUE) as f:
        await f.do(f.venues[VENUE].create_order(NewOrder("by-phone", SYMBOL, BUY, Decimal(2), Decimal(98))))
        await f.wait(3)
        assert [(order.venue, order.client_id, order.amount) for order in f.engine.reconciler.foreign_orders] == [(VENUE, "by-phone", 2)]
        f.venues[VENUE].truth.cancel(SYMBOL, "by-phone")
        await f.do(f.engine.reconciler.sweep(VENUE, SYMBOL))
        assert f.engine.reconciler.foreign_orders == []


async def test_a_fill_of_an_order_nobody_knows_makes_us_look() -> None:
    async with floor(VENUE) as f:
        f.venues[VENUE].faults.arm(StreamFault.DROPPED)
        await f.do(f.venues[VENUE].create_order(NewOrder("by-phone", SYMBOL, BUY, Decimal(2), Decimal(98))))
        assert f.engine.reconciler.foreign_orders == []
        fill = Fill(
            VENUE, "t1", "by-phone", SYMBOL, OrderSide.BUY, Decimal(98), Decimal(1), Decimal(0), "USDT", Liquidity.MAKER, f.clock.now_us()
        )
        f.engine.reconciler._on_account(VENUE, fill)
        await f.wait(2)
        assert len(f.engine.reconciler.foreign_orders) == 1


async def test_a_pause_that_a_venue_asked_for_is_made_up_for_once() -> None:
    async with floor(VENUE) as f:
        await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(1)
        limited, tasks = LimitedConnector(f.venues[VENUE], RateLimits(), f.clock), TaskOwner()
        reconciler = Reconciler(f.manager, {VENUE: limited}, f.books, f.engine.live, tasks)
        asked = listening_to_sweeps(reconciler)
        f.venues[VENUE].faults.retry_after_s = 4.0
        f.venues[VENUE].faults.arm(Fault.RATE_LIMITED, Call.QUERY, times=2)
        answers = await f.do(asyncio.wait_for(asyncio.gather(limited.balances(), limited.positions(), return_exceptions=True), None))
        assert [type(answer) for answer in answers] == [RateLimited, RateLimited]
        await f.wait(5)
        assert asked == [(VENUE, SYMBOL)]
        reconciler.close()
        await tasks.close()
        await limited.close()
        await f.venues[VENUE].open()


def listening_to_sweeps(reconciler: Reconciler) -> list[tuple[str, str]]:
    asked: list[tuple[str, str]] = []
    sweep = reconciler.sweep

    async def noted(venue: str, symbol: str) -> bool:
        asked.append((venue, symbol))
        return await sweep(venue, symbol)

    reconciler.sweep = noted  # type: ignore[method-assign]  # only to count
    return asked


async def test_an_order_the_venue_had_no_time_for_is_planned_anew_under_another_id() -> None:
    async with floor(VENUE) as f:
        f.venues[VENUE].faults.arm(Fault.RATE_LIMITED)
        order = await f.trade(amount="1", price="101")
        assert order.status is ParentStatus.FILLED
        assert shape(order) == [(VENUE, "1", "0", "not_placed"), (VENUE, "1", "1", "filled")]
        assert order.children[0].reason == "binance_spot asks us to slow down."


async def test_orders_placed_by_hand_count_one_by_one_also_without_a_client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(VENUE) as f:
        truth = f.venues[VENUE].truth
        by_hand = [
            replace(truth.place(NewOrder(name, SYMBOL, BUY, Decimal(1), Decimal(price))), client_id="")
            for name, price in (("one", "90"), ("two", "91"))
        ]

        async def listed(_symbol: str) -> Sequence[VenueOrder]:
            return by_hand

        monkeypatch.setattr(f.venues[VENUE], "open_orders", listed)
        assert await f.do(f.engine.reconciler.sweep(VENUE, SYMBOL))
        assert [order.price for order in f.engine.reconciler.foreign_orders] == [Decimal(90), Decimal(91)]


async def test_an_immediate_order_that_a_venue_lets_rest_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(VENUE) as f:
        place, said = f.venues[VENUE].create_order, list[str]()
        f.manager.on_notice(lambda notice: said.append(notice.sentence))

        async def misunderstood(order: NewOrder) -> VenueOrder:
            return await place(replace(order, time_in_force=TimeInForce.GTC))

        monkeypatch.setattr(f.venues[VENUE], "create_order", misunderstood)
        order = await f.start(amount="9", price="100.5", strategy="best_price", time_in_force="ioc")
        await f.wait(10)
        assert order.status is ParentStatus.COMPLETED
        assert order.filled_amount == f.all_truth() == 1
        assert not f.venues[VENUE].truth.open_orders(SYMBOL)
        assert said == ["binance_spot left an immediate order resting; it is being taken back."]
