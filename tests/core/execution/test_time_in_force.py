"""GTC, IOC, FOK, GTD and post-only as promises of the parent, whatever its strategy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import TimeInForce
from core.domain.errors import BadRequest, NotPossible
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.exchanges.paper.faults import Call, Fault
from core.execution.order import Order
from tests.core.execution.floor import Floor, floor

ROUTERS = ("best_price", "best_liquidity", "lowest_fees", "split_evenly", "split_by_liquidity", "price_optimized_liquidity")
WORKING = ("twap", "iceberg")
START = datetime.fromtimestamp(1_700_000_000, UTC)  # when a floor opens


def ask(f: Floor, **words: Any) -> Any:
    return f.engine.request(**({"symbol": "BTC/USDT", "side": "buy", "amount": "1", "price": "99", "time_in_force": "gtd"} | words))


async def resting(f: Floor, **more: Any) -> Order:
    """A GTD order of one minute that rests at 99."""
    words: dict[str, Any] = {"strategy": "best_price", "time_in_force": "gtd", "expires_in": 60} | more
    order = await f.start(amount="2", price="99", **words)
    await f.wait(1)
    return order


# -- GTD --------------------------------------------------------------------------------------------


async def test_a_resting_order_is_taken_back_at_its_expiry_and_says_when_that_was() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        assert [child.status for child in order.children] == [ChildStatus.OPEN]
        await f.wait(58)
        assert order.status is ParentStatus.RUNNING
        await f.do(order.done())
        assert order.status is ParentStatus.COMPLETED
        assert order.reason == "expired at 22:14:20 UTC"
        assert [child.status for child in order.children] == [ChildStatus.CANCELLED]
        assert not await f.do(f.venues["binance_spot"].open_orders("BTC/USDT"))


async def test_what_filled_before_the_expiry_counts() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="5", price="101", time_in_force="gtd", expires_in="1m")
        await f.do(order.done())
        assert (order.status, order.filled_amount, order.remaining_amount) == (ParentStatus.COMPLETED, Decimal(3), Decimal(2))


async def test_the_fill_that_beats_the_expiry_wins() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        await f.wait(59.005)
        f.feeds["binance_spot"].change(asks={"99": "5"}, bids={"100": "0", "99.5": "0", "99": "0"})
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert f.all_truth() == 2


async def test_an_expired_order_with_an_unknown_child_is_not_over() -> None:
    async with floor("binance_spot") as f:
        venue = f.venues["binance_spot"]
        venue.faults.arm(Fault.TIMEOUT_PLACED, Call.CREATE)
        for call in (Call.QUERY, Call.CANCEL):
            venue.faults.chance(Fault.REFUSED_CONNECTION, 1.0, call)
        venue.drop_stream()
        order = await f.start(amount="2", price="99", strategy="best_price", time_in_force="gtd", expires_in=30)
        await f.wait(50)
        assert order.children[0].snapshot().knowledge is Knowledge.UNKNOWN
        assert not order.status.terminal
        assert order.reason == "expired at 22:13:50 UTC; taking back what is still open"
        assert order.snapshot().live_amount == 2
        await f.wait(60)
        assert order.status is ParentStatus.NEEDS_ATTENTION
        venue.faults.clear()
        venue.restore_stream()
        await f.do(order.done())
        assert (order.status, order.reason) == (ParentStatus.COMPLETED, "expired at 22:13:50 UTC")
        assert not await f.do(venue.open_orders("BTC/USDT"))


async def test_no_child_is_sent_after_the_expiry() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        params = {"duration": 60, "slices": 6, "randomize": 0, "style": "aggressive"}
        order = await f.start(amount="3", price="101.5", strategy="twap", params=params, time_in_force="gtd", expires_in=25)
        await f.do(order.done())
        sent = len(order.children)
        await f.wait(60)
        assert order.status is ParentStatus.COMPLETED
        assert len(order.children) == sent
        assert order.filled_amount == f.all_truth() == Decimal("1.5")


async def test_a_trigger_can_expire_without_having_fired() -> None:
    async with floor("binance_spot") as f:
        order = await f.engine.execute_order(
            "BTC/USDT", "sell", "1", "stop", trigger_price="98", strategy="best_price", time_in_force="gtd", expires_in=30
        )
        await f.do(order.done())
        assert (order.status, order.reason) == (ParentStatus.COMPLETED, "expired at 22:13:50 UTC")
        assert not order.children


async def test_a_paused_order_expires_as_well() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        assert f.engine.pause_execution(order.id)
        await f.do(order.done())
        assert order.status is ParentStatus.COMPLETED


async def test_a_change_that_is_still_open_at_the_expiry_came_too_late() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f, expires_in=5)
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_LOST, Call.AMEND)
        assert not await f.do(f.engine.modify_execution(order.id, new_price="99.5"))
        await f.do(order.done())
        assert (order.status, order.price) == (ParentStatus.COMPLETED, Decimal(99))


async def test_venues_see_a_gtc_order_because_fathom_watches_the_expiry() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f)
        assert order.children[0].snapshot().time_in_force is TimeInForce.GTC
        assert order.snapshot().time_in_force is TimeInForce.GTD


@pytest.mark.parametrize(
    "words",
    [
        {"expires_in": 90},
        {"expires_in": "1.5m"},
        {"expire_us": 1_700_000_090_000_000},
        {"expire_at": 1_700_000_090_000_000},
        {"expire_at": START + timedelta(seconds=90)},
        {"expire_at": (START + timedelta(seconds=90)).astimezone(timezone(timedelta(hours=9)))},
    ],
)
async def test_an_expiry_may_be_said_in_several_ways(words: dict[str, Any]) -> None:
    async with floor("binance_spot") as f:
        assert ask(f, **words).expire_us == 1_700_000_090_000_000


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({}, "A gtd order needs its end"),
        ({"expires_in": 5, "expire_us": 1}, "has one end"),
        ({"expires_in": 0}, "in the past"),
        ({"expires_in": "soon"}, "words like '5m'"),
        ({"expires_in": float("nan")}, "words like '5m'"),
        ({"expire_us": 1_700_000_090}, "in the past (1970-01-01 00:28:20 UTC)"),
        ({"expire_us": 10**30}, "more than a year"),
        ({"expire_at": datetime(2030, 1, 1)}, "no time zone"),  # noqa: DTZ001 - the mistake under test
        ({"expire_at": "tomorrow"}, "datetime with a time zone"),
        ({"expire_at": True}, "datetime with a time zone"),
        ({"time_in_force": "gtc", "expires_in": 5}, "belongs to a gtd order"),
        ({"order_type": "market", "price": None, "expires_in": 5}, "can't be gtd"),
    ],
)
async def test_an_expiry_that_makes_no_sense_says_what_to_change(words: dict[str, Any], says: str) -> None:
    async with floor("binance_spot") as f:
        with pytest.raises(BadRequest) as caught:
            ask(f, **words)
        assert says in str(caught.value)


# -- FOK and IOC ------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [*ROUTERS, "minimal_market_impact"])
async def test_fill_or_kill_sends_nothing_when_not_all_of_it_can_fill(strategy: str) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.trade(amount="7", price="101", strategy=strategy, time_in_force="fok")
        assert order.status is ParentStatus.COMPLETED
        assert not order.children
        assert "ill-or-kill" in order.reason


@pytest.mark.parametrize("strategy", ROUTERS)
async def test_fill_or_kill_fills_all_of_it_where_it_can(strategy: str) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.trade(amount="2", price="101", strategy=strategy, time_in_force="fok")
        assert order.status is ParentStatus.FILLED


async def test_the_preview_of_a_fill_or_kill_blocks_what_it_would_not_send() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        words = {"symbol": "BTC/USDT", "side": "buy", "amount": "7", "price": "101", "time_in_force": "fok"}
        for strategy in (*ROUTERS, "minimal_market_impact"):
            assert "ill-or-kill" in f.engine.preview(f.engine.request(**words, strategy=strategy)).blocking


@pytest.mark.parametrize("time_in_force", ["fok", "ioc"])
@pytest.mark.parametrize("strategy", WORKING)
async def test_a_working_algo_is_never_immediate(strategy: str, time_in_force: str) -> None:
    async with floor("binance_spot") as f:
        with pytest.raises(NotPossible, match="works over time"):
            ask(f, strategy=strategy, time_in_force=time_in_force)


async def test_a_working_algo_without_a_limit_price_is_a_market_order_and_fine() -> None:
    async with floor("binance_spot") as f:
        assert ask(f, strategy="twap", order_type="market", price=None, time_in_force="ioc").time_in_force is TimeInForce.IOC


# -- post-only --------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [*ROUTERS, "minimal_market_impact"])
async def test_a_post_only_order_rests_with_every_router(strategy: str) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await f.start(amount="2", price="99.5", strategy=strategy, post_only=True)
        await f.wait(2)
        assert order.snapshot().live_amount == 2
        assert all(child.snapshot().post_only and child.status is ChildStatus.OPEN for child in order.children)


@pytest.mark.parametrize("strategy", [*ROUTERS, "minimal_market_impact"])
async def test_a_post_only_order_that_would_cross_everywhere_is_never_sent(strategy: str) -> None:
    async with floor("binance_spot", "okx_spot") as f:
        words = {"symbol": "BTC/USDT", "side": "buy", "amount": "2", "price": "101", "strategy": strategy, "post_only": True}
        assert "would cross the book of every venue" in f.engine.preview(f.engine.request(**words)).blocking
        order = await f.trade(amount="2", price="101", strategy=strategy, post_only=True)
        assert not order.children
        assert order.reason.startswith("Post-only: 101 would cross")


async def test_a_post_only_order_waits_on_the_venue_that_lets_it_rest() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        f.feeds["okx_spot"].snapshot({"100": "1"}, {"103": "5"})
        order = await f.start(amount="2", price="101", strategy="best_price", post_only=True)
        await f.wait(2)
        assert [child.exchange for child in order.children] == ["okx_spot"]
        assert order.snapshot().live_amount == 2


async def test_an_aggressive_twap_refuses_to_be_post_only() -> None:
    async with floor("binance_spot") as f:
        with pytest.raises(NotPossible, match="crosses the book and a post-only order never does"):
            ask(f, strategy="twap", time_in_force="gtc", post_only=True, params={"style": "aggressive"})


async def test_a_post_only_order_may_have_an_expiry() -> None:
    async with floor("binance_spot") as f:
        order = await resting(f, post_only=True)
        await f.do(order.done())
        assert order.status is ParentStatus.COMPLETED
