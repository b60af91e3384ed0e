"""TWAP as a trader watches it: on schedule, never a burst, done at the end or honest about the rest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.enums import Liquidity
from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.paper.faults import Call, Fault
from core.execution.order import Order
from tests.core.execution.floor import Floor, children, floor, shape
from tests.core.making import instrument

CALM = {"duration": 100, "slices": 10, "randomize": 0}


async def twap(f: Floor, amount: str = "10", price: str | None = "102", *, time_in_force: str = "gtc", **params: Any) -> Order:
    return await f.start(amount=amount, price=price, strategy="twap", params=CALM | params, time_in_force=time_in_force)


async def test_aggressive_slices_fill_in_equal_steps_over_the_duration() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="aggressive")
        progress = []
        for _ in range(10):
            await f.wait(5)
            progress.append(order.filled_amount)
            await f.wait(5)
        await f.do(order.done())
        assert progress == [Decimal(step) for step in range(1, 11)]
        assert order.status is ParentStatus.FILLED


async def test_a_balanced_slice_waits_at_the_touch_before_it_crosses() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="balanced")
        await f.wait(2)
        assert [(c.price, c.post_only, c.status) for c in children(order)] == [(Decimal("100"), True, ChildStatus.OPEN)]
        await f.wait(6)
        assert order.filled_amount == 1
        assert [c.status for c in children(order)] == [ChildStatus.CANCELLED, ChildStatus.FILLED]


async def test_a_post_only_slice_that_may_not_cross_goes_on_waiting_instead_of_being_replaced_for_ever() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="10", price="102", strategy="twap", params=CALM | {"style": "balanced"}, post_only=True)
        await f.wait(99)
        assert len(order.children) == 10
        await f.do(order.done())
        assert order.status is ParentStatus.COMPLETED
        assert len(order.children) == 10


async def test_filled_never_runs_ahead_of_the_schedule() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        order = await twap(f, style="balanced", randomize=30)
        while order.snapshot().status is not ParentStatus.FILLED:
            await f.wait(1)
            snapshot = order.snapshot()
            if snapshot.target_amount is not None:
                assert snapshot.filled_amount + snapshot.live_amount <= snapshot.target_amount
        assert order.filled_amount == f.all_truth() == 10


async def test_the_parent_says_what_its_schedule_wants_and_when_it_ends() -> None:
    async with floor("binance_spot") as f:
        started_us = f.clock.now_us()
        order = await twap(f, style="aggressive")
        await f.wait(25)
        assert order.snapshot().target_amount == 3
        assert order.snapshot().ends_us == started_us + 100_000_000


async def test_after_an_outage_it_catches_up_in_capped_steps_not_in_one_burst() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="aggressive")
        await f.wait(5)
        f.feeds["binance_spot"].gap()
        await f.wait(40)
        assert order.filled_amount == 1
        f.feeds["binance_spot"].snapshot(asks={"100.5": "50"}, bids={"100": "50"})
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        started_us = order.snapshot().created_us
        by_slice: dict[int, Decimal] = {}
        for child in children(order):
            index = (child.created_us - started_us) // 10_000_000
            by_slice[index] = by_slice.get(index, Decimal(0)) + child.filled_amount
        assert max(by_slice.values()) == 2
        assert sum(by_slice.values()) == 10


async def test_a_lost_answer_shrinks_the_next_slice_instead_of_doubling() -> None:
    async with floor("binance_spot") as f:
        f.venues["binance_spot"].faults.arm(Fault.TIMEOUT_PLACED)
        f.venues["binance_spot"].faults.chance(Fault.REFUSED_CONNECTION, 0.5, Call.QUERY)
        order = await twap(f, style="aggressive")
        await f.do(order.done(), within_s=300)
        assert order.filled_amount == f.all_truth() == 10


async def test_slices_that_would_fall_under_the_minimum_become_fewer_and_never_one_block() -> None:
    async with floor(instrument("binance_spot", tick="0.5", lot="0.01", min_amount="3")) as f:
        order = await twap(f, style="aggressive")
        await f.do(order.done())
        assert [amount for _, amount, _, _ in shape(order)] == ["3.33", "3.33", "3.34"]


async def test_at_the_end_the_rest_is_left_when_the_trader_said_so() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="passive", end_policy="leave")
        await f.do(order.done(), within_s=300)
        assert order.status is ParentStatus.COMPLETED
        assert order.filled_amount == 0
        assert not any(child.live_amount for child in children(order))


async def test_at_the_end_the_rest_is_completed_by_crossing() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="passive", end_policy="complete")
        await f.wait(95)
        assert order.filled_amount == 0
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED


@pytest.mark.parametrize(("slices", "duration"), [(1, 30), (2, 60), (7, 300), (10, 300), (11, 300)])
async def test_a_passive_order_that_nobody_hit_is_completed_at_its_end(slices: int, duration: int) -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="passive", slices=slices, duration=duration, randomize=20)
        await f.do(order.done(), within_s=duration + 20)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == 10


async def test_completing_at_the_end_goes_in_steps_not_in_one_burst() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="passive")
        await f.do(order.done(), within_s=200)
        times = [fill.ts_us for fill in order.fills if fill.liquidity is Liquidity.TAKER]
        taken = {ts: sum((x.amount for x in order.fills if x.ts_us // 1_000_000 == ts // 1_000_000), Decimal(0)) for ts in times}
        assert max(taken.values()) <= 2
        assert max(times) - min(times) > 4_000_000


async def test_a_passive_order_rests_in_every_slice() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="passive")
        await f.wait(45)
        starts = {(child.created_us - order.snapshot().created_us) // 10_000_000 for child in children(order)}
        assert starts == {0, 1, 2, 3, 4}


async def test_beyond_the_limit_it_waits_instead_of_paying() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, price="100", style="aggressive")
        await f.wait(50)
        assert order.filled_amount == 0
        f.feeds["binance_spot"].snapshot(asks={"99.5": "50"}, bids={"99": "50"})
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert max(fill.price for fill in order.fills) == Decimal("99.5")


async def test_paused_time_does_not_count() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="aggressive")
        await f.wait(25)
        assert f.engine.pause_execution(order.id)
        await f.wait(1000)
        assert order.filled_amount == 3
        assert f.engine.resume_execution(order.id)
        await f.wait(10)
        assert order.filled_amount == 4


async def test_raising_the_amount_is_seen_by_the_next_slice() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="aggressive")
        await f.wait(5)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="20"))
        await f.wait(10)
        assert order.filled_amount == order.snapshot().target_amount == 4
        await f.do(order.done())
        assert order.filled_amount == 20


async def test_lowering_below_filled_and_live_cancels_first() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="balanced")
        await f.wait(12)
        assert (order.filled_amount, order.snapshot().live_amount) == (1, 1)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="1.5"))
        await f.do(order.done())
        assert order.filled_amount == f.all_truth() == Decimal("1.5")


async def test_cancelling_one_slice_is_made_up_for_by_later_ones() -> None:
    async with floor("binance_spot") as f:
        order = await twap(f, style="balanced")
        await f.wait(2)
        assert await f.do(f.engine.cancel_execution(order.children[0].id))
        await f.do(order.done(), within_s=200)
        assert order.filled_amount == 10
