"""Stops, take-profits and trailing stops: what they wait for, when they fire, and that nothing is sent before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from core.domain.enums import OrderSide, OrderType
from core.domain.errors import BadPrice, NotPossible
from core.domain.market import BookView, FeedGap, PublicTrade
from core.domain.orders import ChildStatus, ParentStatus
from core.domain.plan import ExecutionRequest
from core.execution.order import Order
from core.execution.triggers import Look, TriggerWatch
from core.execution.worker import Worker
from tests.core.execution.floor import Floor, floor, shape
from tests.core.making import book, request


async def waiting(f: Floor, side: str, kind: str, *, price: str | None = None, amount: str = "1", **more: Any) -> Order:
    """A trigger order, looked at for a second without anything happening."""
    strategy = more.pop("strategy", "price_optimized_liquidity")
    order = await f.engine.execute_order("BTC/USDT", side, amount, kind, price, strategy, **more)
    await f.wait(1)
    assert order.status is ParentStatus.WAITING_TRIGGER
    assert not order.children
    return order


def move(f: Floor, bid: str, ask: str, *venues: str) -> None:
    """Let the market stand at `bid` and `ask`, 50 BTC each, on all venues or on these."""
    for venue in venues or f.feeds:
        f.feeds[venue].snapshot({bid: "50"}, {ask: "50"})


# -- each type, both sides --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "price", "not_yet", "there"),
    [
        ("buy", "stop", "103", None, ("102", "102.5"), ("102.5", "103")),
        ("sell", "stop", "98", None, ("98.5", "99"), ("98", "98.5")),
        ("buy", "take_profit", "98", None, ("98", "98.5"), ("97.5", "98")),
        ("sell", "take_profit", "103", None, ("102.5", "103"), ("103", "103.5")),
        ("buy", "stop_limit", "103", "104", ("102", "102.5"), ("102.5", "103")),
        ("sell", "stop_limit", "98", "97", ("98.5", "99"), ("98", "98.5")),
        ("buy", "take_profit_limit", "98", "98", ("98", "98.5"), ("97.5", "98")),
        ("sell", "take_profit_limit", "103", "103", ("102.5", "103"), ("103", "103.5")),
    ],
)
async def test_a_trigger_waits_for_its_price_and_then_trades(
    side: str, kind: str, trigger: str, price: str | None, not_yet: tuple[str, str], there: tuple[str, str]
) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, side, kind, price=price, trigger_price=trigger)
        move(f, *not_yet)
        await f.wait(5)
        assert order.status is ParentStatus.WAITING_TRIGGER
        assert not order.children
        assert f.all_truth() == 0
        move(f, *there)
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert order.average_price == Decimal(there[1] if side == "buy" else there[0])


async def test_a_stop_limit_rests_at_its_limit_when_the_market_has_run_through_it() -> None:
    async with floor("binance_spot") as f:
        order = await waiting(f, "sell", "stop_limit", price="98", trigger_price="98.5")
        move(f, "95", "95.5")
        await f.wait(2)
        assert order.status is ParentStatus.RUNNING
        assert [(child.price, child.status) for child in order.children] == [(Decimal(98), ChildStatus.OPEN)]


async def test_a_stop_says_what_it_waits_for_and_the_journal_when_and_where_it_fired() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        assert order.reason == "waits until the best bid falls to 98"
        move(f, "97.5", "98")
        moved_us = f.clock.now_us()
        await f.do(order.done())
        (fired,) = [entry for entry in f.journal.entries(order.id) if entry.body.get("reason") == "triggered at 97.5"]
        assert fired.body["status"] == "running"
        assert 0 <= fired.ts_us - moved_us <= 100_000


async def test_the_strategy_meets_a_market_order_and_the_record_keeps_what_was_asked() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98", strategy="best_price")
        move(f, "98", "98.5")
        await f.do(order.done())
        assert order.order_type is OrderType.STOP
        assert [child.snapshot().time_in_force.value for child in order.children] == ["ioc"]


async def test_a_working_algo_can_be_triggered_and_its_schedule_starts_then() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        params = {"duration": 10, "slices": 2, "randomize": 0, "style": "aggressive"}
        order = await waiting(f, "sell", "stop", trigger_price="98", strategy="twap", params=params)
        await f.wait(60)
        move(f, "98", "98.5")
        await f.wait(2)
        assert order.filled_amount == Decimal("0.5")
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED


# -- trailing ---------------------------------------------------------------------------------------


async def test_a_trailing_sell_follows_the_highest_bid_and_never_goes_back() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "trailing_stop", trail_percent="5")
        move(f, "120", "120.5")
        await f.wait(1)
        assert order.reason == "trails the highest bid of 120 by 5 %: fires at 114"
        move(f, "115", "115.5")
        await f.wait(5)
        assert order.reason == "trails the highest bid of 120 by 5 %: fires at 114"
        assert order.status is ParentStatus.WAITING_TRIGGER
        move(f, "114", "114.5")
        await f.do(order.done())
        assert order.average_price == Decimal(114)


async def test_a_trailing_buy_follows_the_lowest_ask() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "buy", "trailing_stop", trail_amount="2")
        move(f, "89.5", "90")
        await f.wait(1)
        assert order.reason == "trails the lowest ask of 90 by 2 USDT: fires at 92"
        move(f, "91", "91.5")
        await f.wait(5)
        assert not order.children
        move(f, "91.5", "92")
        await f.do(order.done())
        assert order.average_price == Decimal(92)


# -- one bad print ----------------------------------------------------------------------------------


async def test_one_venues_spike_of_a_moment_fires_nothing() -> None:
    async with floor("binance_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        for _ in range(20):
            move(f, "90", "100.5")
            await f.wait(0.04)
            move(f, "100", "100.5")
            await f.wait(0.2)
        assert order.status is ParentStatus.WAITING_TRIGGER
        move(f, "90", "100.5")
        await f.do(order.done())
        assert order.average_price == Decimal(90)


@pytest.mark.parametrize("after_a_poll_s", ["0.001", "0.004", "0.03", "0.06", "0.069"])
async def test_a_touch_of_a_moment_on_two_venues_fires_although_no_poll_sees_it(after_a_poll_s: str) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        await f.wait(float(after_a_poll_s))
        move(f, "97.5", "98")
        await f.wait(0.03)
        move(f, "100", "100.5")
        await f.wait(1)
        (fired,) = [entry for entry in f.journal.entries(order.id) if str(entry.body.get("reason")).startswith("triggered")]
        assert fired.body["reason"] == "triggered at 97.5"
        await f.do(order.done())


async def test_a_touch_right_after_another_change_is_looked_at_ten_milliseconds_after_that() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        await f.wait(0.05)
        move(f, "99.5", "100")
        await f.wait(0.002)
        move(f, "97.5", "98")
        await f.wait(0.007)
        assert order.status is ParentStatus.WAITING_TRIGGER
        await f.wait(0.001)
        assert order.status is ParentStatus.RUNNING


async def test_one_venues_word_is_believed_fifty_milliseconds_after_it_was_first_given() -> None:
    async with floor("binance_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        await f.wait(0.015)
        move(f, "97.5", "98")
        await f.wait(0.049)
        assert order.status is ParentStatus.WAITING_TRIGGER
        await f.wait(0.002)
        assert order.status is ParentStatus.RUNNING


async def test_a_planned_look_is_not_put_off_by_one_of_a_moment_before_nor_waited_for_in_a_spin() -> None:
    async with floor("binance_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        await f.wait(0.015)
        move(f, "98", "98.5")
        await f.wait(0.045)
        move(f, "98", "99")  # looked at, five milliseconds before the first touch has stood for long enough
        await f.wait(0.0045)
        assert order.status is ParentStatus.WAITING_TRIGGER
        steps = 0
        step = Worker._step

        def counted(worker: Worker) -> int | None:
            nonlocal steps
            steps += 1
            return step(worker)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Worker, "_step", counted)
            await f.wait(0.0006)
        assert order.status is not ParentStatus.WAITING_TRIGGER
        assert steps < 10


async def test_a_touch_seen_just_before_a_pause_does_not_fire_after_it() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        await f.wait(0.05)
        move(f, "97.5", "98")
        f.engine.pause_execution(order.id)
        await f.wait(0.02)
        move(f, "100", "100.5")
        await f.wait(1)
        f.engine.resume_execution(order.id)
        await f.wait(1)
        assert order.status is ParentStatus.WAITING_TRIGGER


async def test_a_busy_market_is_looked_at_once_in_ten_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look = TriggerWatch.look

    def counted(watch: TriggerWatch, asked: ExecutionRequest, books: Sequence[BookView], now_us: int) -> Look:
        looks.append(now_us)
        return look(watch, asked, books, now_us)

    monkeypatch.setattr(TriggerWatch, "look", counted)
    async with floor("binance_spot", "okx_spot") as f:
        await waiting(f, "sell", "stop", trigger_price="98")
        looks.clear()
        for number in range(100):
            move(f, "100" if number % 2 else "99.5", "100.5")
            await f.wait(0.001)
        assert 8 <= len(looks) <= 11
        assert min(later - earlier for earlier, later in pairwise(looks)) >= 10_000


async def test_another_symbols_market_and_the_prints_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor("binance_spot") as f:
        await waiting(f, "sell", "stop", trigger_price="98")
        moved: list[str] = []
        monkeypatch.setattr(Worker, "market_moved", lambda worker: moved.append(worker.parent.request.symbol))
        eth = replace(f.venues["binance_spot"].instruments["BTC/USDT"], symbol="ETH/USDT")
        f.books.register(eth)
        f.books.consume(FeedGap("binance_spot", "ETH/USDT", f.clock.now_us(), "lost"))
        f.books.consume(PublicTrade("binance_spot", "BTC/USDT", f.clock.now_us(), f.clock.now_us(), 200, 1, OrderSide.BUY, "1"))
        assert moved == []
        move(f, "100", "100.5")
        assert moved == ["BTC/USDT"]


def test_a_single_venue_is_believed_at_the_second_look_two_venues_at_the_first() -> None:
    stop = replace(request("sell", price=None), order_type=OrderType.STOP, trigger_price=Decimal(98))
    low = book("binance_spot", bids=[("97", "1")], asks=[("99", "1")])
    alone = TriggerWatch()
    first = alone.look(stop, [low], 1_000_000)
    assert (first.fired_at, first.again_us) == (None, 1_050_000)
    assert alone.look(stop, [low], 1_049_999).fired_at is None
    assert alone.look(stop, [low], 1_050_000).fired_at == Decimal(97)
    also_low = book("okx_spot", bids=[("97.5", "1")], asks=[("99", "1")])
    assert TriggerWatch().look(stop, [low, also_low], 0).fired_at == Decimal("97.5")


def test_a_take_profit_needs_two_venues_or_time_because_one_bid_makes_the_merged_touch() -> None:
    profit = replace(request("sell", price=None), order_type=OrderType.TAKE_PROFIT, trigger_price=Decimal(103))
    usual = book("okx_spot", bids=[("100", "1")], asks=[("101", "1")])
    spike = book("binance_spot", bids=[("103", "1")], asks=[("104", "1")])
    watch = TriggerWatch()
    assert watch.look(profit, [usual, spike], 0).fired_at is None
    assert watch.look(profit, [usual], 20_000).fired_at is None
    assert watch.look(profit, [usual, spike], 60_000).fired_at is None
    assert watch.look(profit, [usual, spike], 110_000).fired_at == Decimal(103)


def test_a_trail_does_not_hang_itself_from_one_bad_print() -> None:
    trail = replace(request("sell", price=None), order_type=OrderType.TRAILING_STOP, trail_percent=Decimal(10))
    usual = [book(venue, bids=[("100", "1")], asks=[("101", "1")]) for venue in ("binance_spot", "okx_spot")]
    mad = [book("binance_spot", bids=[("200", "1")], asks=[("201", "1")]), usual[1]]
    watch = TriggerWatch()
    for moment, books in enumerate([usual, mad, usual, usual, mad, usual]):
        look = watch.look(trail, books, moment * 40_000)
        assert (look.fired_at, look.reason) == (None, "trails the highest bid of 100 by 10 %: fires at 90")


async def test_merged_books_that_cross_each_other_fire_nothing() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        move(f, "101", "101.5", "okx_spot")  # its bid is above the other's ask
        buying = await waiting(f, "buy", "stop", trigger_price="101")
        selling = await waiting(f, "sell", "stop", trigger_price="100.5")
        await f.wait(10)
        assert not buying.children
        assert not selling.children


async def test_a_book_that_is_crossed_or_broken_has_no_vote() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "buy", "take_profit", trigger_price="95")
        f.feeds["okx_spot"].snapshot({"100": "1"}, {"90": "5"})
        await f.wait(5)
        assert not order.children
        for feed in f.feeds.values():
            feed.gap()
        await f.wait(1)
        assert order.reason == "waits for its trigger; no venue has a usable book"
        assert f.clock.next_deadline_us() is None  # it sleeps until there is something to look at
        move(f, "94", "94.5")
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED


async def test_a_venue_that_the_parameters_switch_off_has_no_vote() -> None:
    async with floor("binance_spot", "binance_perp") as f:
        order = await waiting(f, "buy", "take_profit", trigger_price="95", params={"include_perp": False})
        move(f, "94", "94.5", "binance_perp")
        await f.wait(5)
        assert not order.children


# -- steering while it waits ------------------------------------------------------------------------


async def test_cancelling_a_waiting_order_ends_it_with_nothing_sent() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        assert await f.do(f.engine.cancel_execution(order.id))
        move(f, "97", "97.5")
        await f.wait(5)
        assert order.status is ParentStatus.CANCELLED
        assert not order.children


async def test_price_amount_and_trigger_can_be_changed_while_it_waits() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop_limit", price="97", trigger_price="98")
        assert await f.do(f.engine.modify_execution(order.id, new_price="96", new_amount="2", new_trigger_price="97"))
        await f.wait(1)
        assert order.status is ParentStatus.WAITING_TRIGGER
        assert (order.price, order.amount, order.snapshot().trigger_price) == (Decimal(96), Decimal(2), Decimal(97))
        assert order.reason == "waits until the best bid falls to 97"
        move(f, "98", "98.5")
        await f.wait(2)
        assert not order.children
        move(f, "97", "97.5")
        await f.do(order.done())
        assert (order.status, order.filled_amount) == (ParentStatus.FILLED, Decimal(2))


async def test_a_new_trigger_on_the_wrong_side_or_after_the_shot_is_refused() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop_limit", price="99.5", trigger_price="99.5")
        with pytest.raises(BadPrice, match="would fire at once"):
            await f.engine.modify_execution(order.id, new_trigger_price="100")
        move(f, "98", "98.5")
        await f.wait(1)
        with pytest.raises(NotPossible, match="still waits"):
            await f.engine.modify_execution(order.id, new_trigger_price="97")


async def test_a_stop_has_no_limit_price_to_change() -> None:
    async with floor("binance_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        with pytest.raises(BadPrice, match="A stop order has no limit price"):
            await f.engine.modify_execution(order.id, new_price="97")


async def test_a_paused_stop_does_not_fire_and_a_resumed_one_waits_again() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        assert f.engine.pause_execution(order.id)
        move(f, "97", "97.5")
        await f.wait(5)
        assert order.status is ParentStatus.PAUSED
        assert not order.children
        move(f, "100", "100.5")
        assert f.engine.resume_execution(order.id)
        await f.wait(1)
        assert order.status is ParentStatus.WAITING_TRIGGER
        move(f, "97", "97.5")
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED


async def test_a_change_during_a_pause_leaves_it_paused() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", trigger_price="98")
        f.engine.pause_execution(order.id)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="2"))
        move(f, "97", "97.5")
        await f.wait(2)
        assert order.status is ParentStatus.PAUSED
        assert not order.children


# -- what is refused before anything is recorded ----------------------------------------------------


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ({"side": "buy", "order_type": "stop", "trigger_price": "100"}, BadPrice, "it is below the market, the best ask is 100.5. Put"),
        ({"side": "sell", "order_type": "stop", "trigger_price": "100"}, BadPrice, "A sell stop at 100 would fire at once"),
        ({"side": "buy", "order_type": "take_profit", "trigger_price": "101"}, BadPrice, "Put the trigger below it."),
        ({"side": "sell", "order_type": "take_profit_limit", "trigger_price": "99", "price": "99"}, BadPrice, "would fire at once"),
        ({"order_type": "stop"}, BadPrice, "A stop order needs a trigger price."),
        ({"order_type": "stop", "trigger_price": "0"}, BadPrice, "above zero"),
        ({"order_type": "stop", "trigger_price": "103", "price": "104"}, BadPrice, "or use stop_limit"),
        ({"order_type": "stop_limit", "trigger_price": "103"}, BadPrice, "needs a price besides its trigger"),
        ({"order_type": "trailing_stop"}, BadPrice, "needs a trail"),
        ({"order_type": "trailing_stop", "trail_percent": "1", "trail_amount": "1"}, BadPrice, "one of the two"),
        ({"order_type": "trailing_stop", "trail_percent": "100"}, BadPrice, "less than 100 %"),
        ({"order_type": "trailing_stop", "trail_percent": "1", "trigger_price": "99"}, NotPossible, "takes no trigger price"),
        ({"order_type": "limit", "price": "99", "trigger_price": "98"}, NotPossible, "this is a limit order"),
        ({"order_type": "market", "trail_percent": "1"}, NotPossible, "belongs to a trailing stop"),
        ({"order_type": "stop", "trigger_price": "103", "post_only": True}, NotPossible, "can't be post-only"),
    ],
)
async def test_a_trigger_that_makes_no_sense_says_what_to_change(words: dict[str, Any], error: type[Exception], says: str) -> None:
    async with floor("binance_spot") as f:
        with pytest.raises(error) as caught:
            f.engine.request(**({"symbol": "BTC/USDT", "side": "buy", "amount": "1"} | words))
        assert says in str(caught.value)
        assert str(caught.value).endswith(".")


async def test_the_preview_of_a_waiting_order_says_that_it_waits_and_blocks_nothing() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        plan = f.engine.preview(
            f.engine.request(symbol="BTC/USDT", side="sell", amount="1", order_type="stop_limit", price="110", trigger_price="98")
        )
        assert plan.notes[0] == "Waits until the best bid falls to 98."
        assert "needs the program running" in plan.notes[1]
        assert not plan.blocking


async def test_a_waiting_order_is_shaped_like_any_other_once_fired() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await waiting(f, "sell", "stop", amount="60", trigger_price="98")
        move(f, "98", "98.5")
        await f.do(order.done())
        assert sorted(shape(order)) == [("binance_spot", "50", "50", "filled"), ("okx_spot", "10", "10", "filled")]
