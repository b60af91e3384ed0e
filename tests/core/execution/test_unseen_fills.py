"""A venue says that more was filled than it shows: that much stays reserved, it is asked again, and in the end the trader is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from core.domain.orders import ChildStatus, Fill, Knowledge, ParentStatus
from core.exchanges.paper.faults import StreamFault
from tests.core.execution.fifteen_faults.tap import V, begin, resting, sell_into
from tests.core.execution.floor import Floor, floor


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


async def test_the_trader_may_decide_and_a_trade_that_is_shown_later_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await resting(f)
        with monkeypatch.context() as patch:
            hide_trades(f, patch)
            sell_into(f, "99", "5")
            await f.wait(150)
            (child,) = order.children
            assert order.status is ParentStatus.NEEDS_ATTENTION
            cancelling = begin(f.engine.cancel_execution(order.id))
            await f.do(f.engine.resolve_child(child.id))
            assert not order.snapshot().live_amount
            await f.wait(1)
            assert cancelling.done()
            assert (order.status, child.status) == (ParentStatus.CANCELLED, ChildStatus.CANCELLED)
        f.manager._take_fill(f.venues[V].truth.fills[0])
        assert (order.status, order.filled_amount) == (ParentStatus.FILLED, 2)
