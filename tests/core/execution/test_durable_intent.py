"""At the moment a request leaves, a reader of the journal's file finds what it was meant to do: a power cut then forgets nothing.

Not when it arrives: simulated time stands still for the disk, so by then any intent would be there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.domain.orders import ParentStatus
from core.journal.journal import Journal
from core.journal.store import read_entries
from tests.core.execution.fifteen_faults.tap import OTHER, V, resting
from tests.core.execution.floor import Floor, floor

WORKING: dict[str, dict[str, Any]] = {
    "price_optimized_liquidity": {},
    "split_evenly": {},
    "twap": {"duration": 30, "slices": 3, "randomize": 0},
}


class Watcher:
    """Looks into the file whenever something leaves.

    Attributes:
        early: what left before it was there.
        left: how much left in all.
    """

    def __init__(self, f: Floor, path: Path) -> None:
        self.early: list[str] = []
        self.left = 0
        self._path = path
        self._journal = f.journal
        for venue in f.venues.values():
            for kind, name in (("intent", "create_order"), ("amend", "amend_order")):
                setattr(venue, name, self._watched(kind, getattr(venue, name)))

    def _watched(self, kind: str, send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def watched(*words: Any, **more: Any) -> Any:
            client_id = words[0].client_id if kind == "intent" else words[1]
            self.left += 1
            there = any(entry.kind == kind and entry.order_id == client_id for entry in read_entries(self._path))
            # A commit may win the race against this look; an order that did not wait for its end was early all the same.
            awaited = not any(line.kind == kind and line.order_id == client_id for line in self._journal._unwritten)
            if not (there and awaited):
                self.early.append(client_id)
            return await send(*words, **more)

        return watched


@pytest.mark.parametrize("strategy", WORKING)
async def test_no_create_leaves_before_its_intent_is_on_the_disk(strategy: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    async with floor(V, OTHER, journal=journal) as f:
        watcher = Watcher(f, path)
        order = await f.start(amount="3", price="101.5", strategy=strategy, params=WORKING[strategy])
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert watcher.left >= 2
        assert watcher.early == []
    journal.close()


async def test_no_change_leaves_before_it_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    async with floor(V, journal=journal) as f:
        order = await resting(f, "2")
        watcher = Watcher(f, path)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="3"))
        assert await f.do(f.engine.modify_execution(order.children[0].id, new_price="98", new_amount="1"))
        assert watcher.left == 2
        assert watcher.early == []
        assert f.venues[V].truth.orders[order.children[0].id].price == Decimal(98)
    journal.close()
