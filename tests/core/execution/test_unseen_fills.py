"""A venue says that more was filled than it shows: that much stays reserved, it is asked again, and in the end the trader is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.enums import Liquidity, OrderSide
from core.domain.errors import BadAmount
from core.domain.orders import Fill, Knowledge, ParentStatus
from core.exchanges.connector import VenueOrderStatus
from core.exchanges.paper.faults import Call, Fault, StreamFault
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.crashing import crash_floor
from tests.core.execution.fifteen_faults.tap import V, resting, sell_into
from tests.core.execution.floor import Floor, floor, go_dark


def hide_trades(f: Floor, patch: pytest.MonkeyPatch) -> None:
    async def none(_symbol: str, _client_id: str) -> Sequence[Fill]:
        return ()

    patch.setattr(f.venues[V], "fills_of", none)
    f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)


@pytest.mark.parametrize("part", ["0.5", "5"])
async def test_the_trader_is_asked_when_trades_are_never_shown_and_no_more_when_they_are(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with floor(V) as f:
        order = await resting(f)
        with monkeypatch.context() as patch:
            hide_trades(f, patch)
            sell_into(f, "99", part)
            await f.wait(40)  # the next reconciliation hears of it
            (child,) = order.children
            assert (order.filled_amount, order.snapshot().live_amount) == (0, 2)
            assert order.status is not ParentStatus.NEEDS_ATTENTION
            for _ in range(10):
                await f.wait(10)
                asked = order.status is ParentStatus.NEEDS_ATTENTION
            assert asked
            for _ in range(30):  # and it stays so, however often the venue repeats what it said
                await f.wait(1)
                assert order.status is ParentStatus.NEEDS_ATTENTION
                assert child.snapshot().knowledge is Knowledge.QUARANTINED
                assert order.snapshot().live_amount == 2
        f.venues[V].faults.clear()
        await f.wait(40)
        assert child.snapshot().knowledge is Knowledge.KNOWN
        assert order.filled_amount == f.all_truth() == min(Decimal(part), Decimal(2))
        assert order.status is (ParentStatus.FILLED if part == "5" else ParentStatus.RUNNING)


async def test_not_live_is_not_unfilled_what_the_venue_claims_stays_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f)
        with monkeypatch.context() as patch:
            hide_trades(f, patch)
            sell_into(f, "99", "5")
            await f.wait(150)
            (child,) = order.children
            assert order.status is ParentStatus.NEEDS_ATTENTION
            assert child.snapshot().claimed_amount == 2
            await f.do(f.engine.resolve_child(child.id))
            await f.wait(60)
            assert (order.snapshot().live_amount, len(order.children)) == (2, 1)  # nothing is sent in its place, and nobody asks again
            assert order.status is ParentStatus.RUNNING
        f.venues[V].faults.clear()
        await f.wait(40)
        assert (order.status, order.filled_amount, f.all_truth()) == (ParentStatus.FILLED, 2, 2)


@pytest.mark.parametrize("filled", ["1", "0.4", None])
async def test_what_the_trader_saw_filled_is_not_sent_again(filled: str | None) -> None:
    """It filled at once while nobody could tell; its venue answers only much later."""
    async with floor(V) as f:
        go_dark(f.venues[V].faults)
        order = await f.start(amount="1", price="101", strategy="best_price")
        await f.wait(90)
        (child,) = order.children
        assert order.status is ParentStatus.NEEDS_ATTENTION
        assert f.all_truth() == 1
        await f.do(f.engine.resolve_child(child.id, filled))
        await f.wait(30)
        assert f.all_truth() == (1 if filled == "1" else 2 if filled is None else Decimal("1.6"))  # as he said
        f.venues[V].faults.clear()
        await f.wait(60)
        assert order.filled_amount == f.all_truth()  # what he said wrongly is seen, counted and shown
        assert ("overfill" in order.snapshot().flags) is (filled != "1")
        f.broken.clear()


async def test_how_an_order_ended_is_its_venues_word_not_the_traders() -> None:
    """He said that all of it was filled, and it was cancelled when part was: the rest is reserved no longer, and is placed again."""
    async with floor(V) as f:
        go_dark(f.venues[V].faults)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(90)
        (child,) = order.children
        sell_into(f, "99", "0.4")
        await f.wait(1)
        f.venues[V].truth.cancel(SYMBOL, child.id)
        await f.do(f.engine.resolve_child(child.id, "1"))
        assert order.snapshot().live_amount == 1
        f.venues[V].faults.clear()
        await f.wait(60)
        assert (child.filled_amount, child.snapshot().live_amount) == (Decimal("0.4"), 0)
        assert await f.do(f.engine.cancel_execution(order.id))
        assert (order.status, order.filled_amount) == (ParentStatus.CANCELLED, Decimal("0.4"))


async def test_what_the_trader_says_has_to_be_possible() -> None:
    async with floor(V) as f:
        go_dark(f.venues[V].faults)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(90)
        (child,) = order.children
        for filled in ("1.1", "-0.1"):
            with pytest.raises(BadAmount, match="0 is known to be filled, and 1 was asked for"):
                await f.engine.resolve_child(child.id, filled)
        assert child.snapshot().knowledge is Knowledge.QUARANTINED


async def test_what_is_open_after_all_is_taken_back_and_stays_reserved_until_then() -> None:
    async with floor(V) as f:
        go_dark(f.venues[V].faults)
        order = await f.start(amount="2", price="99", strategy="best_price")
        await f.wait(90)
        (child,) = order.children
        await f.do(f.engine.resolve_child(child.id, 0))
        await f.wait(10)
        assert f.still_open(child.id for child in order.children) == 4  # the trader was wrong
        f.venues[V].faults.clear()
        f.venues[V].faults.arm(Fault.TIMEOUT_LOST, Call.CANCEL)
        await f.wait(60)
        assert f.still_open(child.id for child in order.children) == 2
        assert order.snapshot().live_amount == 2
        f.broken.clear()


async def test_a_restart_asks_again_about_orders_that_were_resolved_or_owed_trades(tmp_path: Path) -> None:
    async with crash_floor(tmp_path / "journal.db", V) as world:
        faults = world.venues[V].faults
        async with world.session() as first:
            go_dark(faults)
            order = await first.start("buy", "1", "101", "best_price")
            await world.live(first, 90)
            cancelling = asyncio.ensure_future(first.engine.cancel_execution(order.id))
            await first.engine.resolve_child(order.children[0].id)
            await world.live(first, 5)
            assert cancelling.done()
            assert (order.status, order.filled_amount) == (ParentStatus.CANCELLED, 0)
            await first.manager.record.durable()
        faults.clear()
        async with world.session() as second:
            await world.live(second, 30)
            assert second.manager.order(order.id).filled_amount == 1


async def test_a_lost_order_needs_attention_also_when_its_time_is_over_and_it_was_taken_back() -> None:
    async with floor(V) as f:
        go_dark(f.venues[V].faults)
        order = await f.start(amount="2", price="99", strategy="best_price", time_in_force="gtd", expires_in=90)
        await f.wait(100)
        cancelling = asyncio.ensure_future(f.engine.cancel_execution(order.id))
        await f.wait(31)
        assert await cancelling
        assert order.status is ParentStatus.NEEDS_ATTENTION


async def test_an_order_that_was_overfilled_says_what_it_is_waiting_for() -> None:
    async with floor(V) as f:
        order = await resting(f)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.CANCEL)
        (child,) = order.children
        excess = Fill(
            V, "X1", child.id, SYMBOL, OrderSide.BUY, Decimal(99), Decimal("2.5"), Decimal(0), "USDT", Liquidity.MAKER, f.clock.now_us()
        )
        f.manager._take_fill(excess)
        await f.wait(30)
        assert order.snapshot().reason == f"filled more than was asked for: check {V}; taking back what is still open"
        f.broken.clear()


@pytest.mark.parametrize("looked_up", [False, True])
async def test_a_venue_that_says_less_than_before_frees_nothing(looked_up: bool) -> None:
    """Its stream tells of 0.6 and then, from an older server, of an end with nothing filled. The trades themselves come late."""
    async with floor(V) as f:
        order = await resting(f)
        (child,) = order.children
        record = f.manager.child(child.id)
        assert record is not None
        f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        sell_into(f, "99", "0.6")
        await f.wait(0.1)
        truly = f.venues[V].truth.orders[child.id].report()
        assert truly.filled == Decimal("0.6")
        f.manager._take_order(record, truly, looked_up)
        f.venues[V].truth.cancel(SYMBOL, child.id)
        f.manager._take_order(record, replace(truly, status=VenueOrderStatus.CANCELLED, filled=Decimal(0)), looked_up)
        await f.wait(1)
        assert order.snapshot().live_amount == 2
        assert len(order.children) == 1
        f.venues[V].faults.clear()
        await f.wait(60)
        assert order.filled_amount == f.all_truth() == Decimal("0.6")
        assert order.filled_amount + order.snapshot().live_amount <= 2


async def test_what_a_venue_has_claimed_itself_stays_reserved_when_the_trader_agreed_and_it_says_less_later() -> None:
    async with floor(V) as f:
        order = await resting(f)
        (child,) = order.children
        record = f.manager.child(child.id)
        assert record is not None
        f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        claim = replace(f.venues[V].truth.orders[child.id].report(), filled=Decimal("0.5"))
        f.manager._take_order(record, claim, False)
        await f.wait(90)
        await f.do(f.engine.resolve_child(child.id))
        assert record.live_amount == Decimal("0.5")
        f.manager._take_order(record, replace(claim, status=VenueOrderStatus.CANCELLED, filled=Decimal("0.1")), False)
        assert record.live_amount == Decimal("0.5")
        f.broken.clear()
