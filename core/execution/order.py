"""`Order`: a caller's window onto one order. It always shows the present; `snapshot()` freezes a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import final

from core.domain.enums import ExecutionStrategy, OrderSide, OrderType
from core.domain.orders import ChildStatus, Fill, OrderSnapshot, ParentStatus
from core.execution.state import ChildState, ParentState


@final
class Order:
    """A parent or a child, read-only. Amounts base, prices quote per base, all Decimal.

    A parent's `fills` are those of all its children; a child's `exchange` is its venue.
    """

    def __init__(self, state: ParentState | ChildState, find: Callable[[str], Order]) -> None:
        self._state = state
        self._find = find
        self._done = asyncio.Event()

    def snapshot(self) -> OrderSnapshot:
        """All of it at this moment; safe to keep."""
        return self._state.snapshot()

    async def done(self) -> Order:
        """Resolve once the order is known to be over, with the order itself.

        A parent with an unknown child is not over. A late fill may still be counted afterwards.
        """
        await self._done.wait()
        return self

    def finish(self) -> None:
        """Called by the manager when the order is over."""
        self._done.set()

    @property
    def id(self) -> str:
        return self.snapshot().id

    @property
    def parent_id(self) -> str | None:
        return self.snapshot().parent_id

    @property
    def children(self) -> Sequence[Order]:
        return [self._find(child) for child in self.snapshot().children]

    @property
    def symbol(self) -> str:
        return self.snapshot().symbol

    @property
    def side(self) -> OrderSide:
        return self.snapshot().side

    @property
    def order_type(self) -> OrderType:
        return self.snapshot().order_type

    @property
    def price(self) -> Decimal | None:
        return self.snapshot().price

    @property
    def amount(self) -> Decimal:
        return self.snapshot().amount

    @property
    def filled_amount(self) -> Decimal:
        return self._state.executed.amount

    @property
    def remaining_amount(self) -> Decimal:
        return self.snapshot().remaining_amount

    @property
    def average_price(self) -> Decimal | None:
        return self.snapshot().average_price

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """Currency -> what was paid; rebates are negative."""
        return dict(self._state.executed.fees)

    @property
    def status(self) -> ParentStatus | ChildStatus:
        return self._state.status

    @property
    def reason(self) -> str:
        return self._state.reason

    @property
    def fills(self) -> Sequence[Fill]:
        return tuple(self._state.executed.fills)

    @property
    def strategy(self) -> ExecutionStrategy | None:
        return self.snapshot().strategy

    @property
    def params(self) -> Mapping[str, object]:
        return self.snapshot().params

    @property
    def exchange(self) -> str | None:
        return self.snapshot().exchange

    def __repr__(self) -> str:
        s = self.snapshot()
        return f"<Order {s.id} {s.side.value} {s.filled_amount}/{s.amount} {s.symbol} {s.status.value}>"
