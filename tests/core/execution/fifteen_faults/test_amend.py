"""Faults 8 and 9: changing an order that fills meanwhile, in place or as cancel + create. Never more than was asked, never twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.errors import FathomError
from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.connector import Capabilities
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.faults import Call, Fault, StreamFault
from tests.core.execution.fifteen_faults.tap import OTHER, Tap, V, begin, resting, sell_into, true_ids
from tests.core.execution.floor import Floor, floor, shape

ANSWERS = [None, Fault.TIMEOUT_PLACED, Fault.TIMEOUT_LOST, Fault.TIMEOUT_THEN_ARRIVES, Fault.LOST_ACK, Fault.REJECT]
STREAMS = [None, StreamFault.DELAYED, StreamFault.REORDERED, StreamFault.DUPLICATED, StreamFault.DROPPED]


async def settle(f: Floor) -> None:
    """Let every answer, every late request and every investigation come to its end."""
    await f.wait(60)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda fault: fault.value if fault else "told")
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda fault: fault.value if fault else "answered")
@pytest.mark.parametrize("new_amount", ["1", "2.5", "5"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_fault_08_fill_during_an_amend(before: bool, new_amount: str, answer: Fault | None, stream: StreamFault | None) -> None:
    """3 rest at 99, of which 2 fill: on the way of the amend, or after it took effect. Lower, a little lower, higher."""
    async with floor(V) as f:
        order = await resting(f, "3")
        faults = f.venues[V].faults
        faults.chance(stream or StreamFault.DROPPED, 1.0 if stream else 0.0)
        if answer is not None:
            faults.arm(answer, Call.AMEND)
        changing = begin(f.engine.modify_execution(order.id, new_amount=new_amount))
        await f.wait(0.001 if before else 0.5)
        sell_into(f, "99", "2")
        await settle(f)
        assert changing.done()
        f.feeds[V].snapshot(asks={"99": "50"}, bids={"98.5": "1"})
        faults.clear()
        await f.wait(60)
        if not order.status.terminal:
            await f.do(f.engine.cancel_execution(order.id))
        # However the messages came, the parent's total is what the trader got to hear, or what had filled by then.
        assert order.filled_amount == f.all_truth() <= max(Decimal(new_amount), Decimal(3))
        assert order.filled_amount <= order.amount
        if order.amount == Decimal(new_amount):
            assert order.filled_amount == Decimal(new_amount)
        assert f.still_open([child.id for child in order.children]) == 0


async def test_fault_08_an_amend_below_what_fills_meanwhile_ends_with_what_is_filled() -> None:
    async with floor(V) as f:
        order = await resting(f, "3")
        changing = begin(f.engine.modify_execution(order.id, new_amount="1"))
        await f.wait(0.001)
        sell_into(f, "99", "2")
        await f.do(order.done())
        assert changing.result() is False  # it came too late
        assert (order.status, order.amount, order.filled_amount) == (ParentStatus.FILLED, 2, f.all_truth())


# -- 9 -----------------------------------------------------------------------------------------------


@pytest.fixture
def no_amend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Venues that can't change an order in place, so that a change is a cancel and a create."""
    monkeypatch.setattr(PaperConnector, "capabilities", Capabilities(amend=False))


@pytest.mark.usefixtures("no_amend")
@pytest.mark.parametrize(
    "fault", [Fault.REJECT, Fault.REFUSED_CONNECTION, Fault.RATE_LIMITED, Fault.TIMEOUT_LOST, Fault.TIMEOUT_PLACED, Fault.LOST_ACK]
)
async def test_fault_09_emulated_edit_cancel_ok_create_fails(fault: Fault) -> None:
    async with floor(V) as f:
        tap = Tap(f)
        order = await resting(f, "3")
        first = order.children[0]
        sell_into(f, "99", "0.5")
        await f.wait(1)
        f.venues[V].faults.arm(fault)
        assert await f.do(f.engine.modify_execution(order.id, new_price="98", new_amount="2"))
        assert first.status is ChildStatus.CANCELLED
        await f.wait(90)
        live = [child for child in order.children if not child.status.terminal]
        assert [child.snapshot().remaining_amount for child in live] == [Decimal("1.5")]  # returned, once
        assert f.still_open([child.id for child in order.children]) == Decimal("1.5")
        assert true_ids(f) == [client_id for client_id in tap.ids("create_order") if client_id in f.venues[V].truth.orders]
        assert len(set(tap.ids("create_order"))) == len(tap.ids("create_order"))
        sell_into(f, "98", "50")
        await f.do(order.done())
        assert order.filled_amount == f.all_truth() == 2


@pytest.mark.usefixtures("no_amend")
async def test_fault_09_the_new_order_waits_until_the_old_one_is_known_to_be_over() -> None:
    async with floor(V) as f:
        order = await resting(f, "3")
        f.venues[V].faults.arm(Fault.TIMEOUT_PLACED, Call.CANCEL)
        f.venues[V].faults.chance(StreamFault.DROPPED, 1.0)
        f.venues[V].faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        changing = begin(f.engine.modify_execution(order.id, new_price="98", new_amount="2"))
        await f.wait(20)
        assert true_ids(f) == [order.children[0].id]  # cancelled there, but that is not known here
        assert order.snapshot().live_amount == 3
        f.venues[V].faults.clear()
        await f.wait(30)
        assert changing.done()
        assert shape(order) == [(V, "3", "0", "cancelled"), (V, "2", "0", "open")]


@pytest.mark.usefixtures("no_amend")
async def test_fault_09_a_create_that_every_venue_refuses_ends_the_order_and_keeps_nothing_reserved() -> None:
    async with floor(V, OTHER) as f:
        order = await resting(f, "3", exchanges=[V])
        tap = Tap(f)
        f.venues[V].faults.chance(Fault.REJECT, 1.0)
        begin(f.engine.modify_execution(order.id, new_price="98"))
        await f.wait(200)
        assert len(tap.of("create_order")) <= 3  # no reject loop
        assert order.status is ParentStatus.COMPLETED
        assert "refused the order" in order.reason
        assert order.snapshot().live_amount == 0
        with pytest.raises(FathomError):
            await f.engine.modify_execution(order.id, new_price="97")
