"""The disk is full while the trader changes his mind: what is refused has not happened, and can be asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from core.domain.errors import JournalError
from core.domain.orders import ChildStatus, Knowledge, ParentStatus
from core.exchanges.paper.faults import Fault
from core.journal.store import Store
from tests.core.execution.floor import floor, go_dark

V = "binance_spot"
SLOWLY = {"duration": 600, "slices": 10, "randomize": 0}


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(*_: object) -> None:
        raise JournalError("The journal can't be written: the disk is full.")

    with monkeypatch.context() as disk:
        disk.setattr(Store, "write", full)
        yield


@pytest.mark.parametrize("known", [True, False], ids=["known", "not known yet"])
async def test_a_refused_change_has_not_happened_and_does_not_happen_later(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        order = await f.start(amount="1", price="99", strategy="twap", params=SLOWLY)
        await f.wait(2)
        await f.journal.durable()
        with full_disk(monkeypatch):
            if known:
                with pytest.raises(JournalError):
                    await f.trade(amount="1", price="98")
            with pytest.raises(JournalError, match="disk is full"):
                await f.engine.modify_execution(order.id, new_amount="5", new_price="100")
            await f.wait(3)
        f.journal.flush()
        await f.wait(5)
        assert (order.amount, order.price) == (1, 99)
        assert order.status is ParentStatus.PAUSED
        f.engine.resume_execution(order.id)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="5", new_price="100"))
        assert (order.amount, order.price) == (5, 100)


async def test_a_refused_word_about_a_lost_order_can_be_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(V) as f:
        faults = f.venues[V].faults
        go_dark(faults, Fault.TIMEOUT_LOST)
        order = await f.start(amount="1", price="99", strategy="best_price")
        await f.wait(90)
        (child,) = order.children
        with full_disk(monkeypatch), pytest.raises(JournalError, match="disk is full"):
            await f.engine.resolve_child(child.id, 0)
        assert (child.snapshot().knowledge, child.snapshot().live_amount) == (Knowledge.QUARANTINED, Decimal(1))
        f.journal.flush()
        await f.do(f.engine.resolve_child(child.id, 0))
        assert child.status is ChildStatus.NOT_PLACED
