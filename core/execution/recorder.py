"""What the manager has put on record, and in which order: the order of the lines is the order in which a restart believes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import final

from core.domain.clock import Clock
from core.domain.orders import Fill
from core.execution.records import child_body, parent_body
from core.execution.state import ChildState, ParentState, Wish
from core.journal.entry import Kind
from core.journal.journal import Journal


@final
class Recorder:
    """Writes the manager's lines. Nothing here waits; `durable` says when what was written survives a power cut."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    async def durable(self) -> None:
        """Return once everything so far is on the disk; simulated time stands still meanwhile.

        Raises:
            JournalError: it can't be written now.
        """
        with self._clock.hold():
            await self._journal.durable()

    def parent(self, parent: ParentState) -> None:
        """A new parent: all that was asked for."""
        self._journal.append(parent.created_us, parent.id, Kind.PARENT, asdict(parent.request))

    def intents(self, parent: ParentState, children: Sequence[ChildState], *, why: str, left: Decimal) -> None:
        """Children that may leave once this is durable, and the decision behind them; `left`: base that it left over."""
        for child in children:
            self._append(child.client_id, Kind.INTENT, parent=parent.id, **asdict(child.planned))
        amount = sum((child.amount for child in children), Decimal(0))
        self._append(parent.id, Kind.PLAN, why=why, children=len(children), amount=amount, left=left)

    def state(self, state: ParentState | ChildState) -> None:
        """All that is known of an order, when it is something new."""
        if isinstance(state, ParentState):
            order_id, body = state.id, parent_body(state)
        else:
            order_id, body = state.client_id, child_body(state)
        if body != state.recorded:
            state.recorded = body
            self._append(order_id, Kind.STATE, **body)

    def fill(self, fill: Fill) -> None:
        """A trade, counted."""
        self._append(fill.client_id, Kind.FILL, **asdict(fill))

    def amend(self, child: ChildState, wish: Wish) -> None:
        """A change of a child that may leave once this is durable."""
        self._append(child.client_id, Kind.AMEND, **asdict(wish))

    def modify(self, parent: ParentState, *, price: Decimal | None, amount: Decimal, trigger_price: Decimal | None) -> None:
        """A parent's new terms."""
        self._append(parent.id, Kind.MODIFY, price=price, amount=amount, trigger_price=trigger_price)

    def resolved(self, child: ChildState, filled: Decimal) -> None:
        """What the trader found out about a quarantined child."""
        self._append(child.client_id, Kind.RESOLVED, by="trader", filled=filled)

    def wish(self, parent: ParentState, what: str, **details: object) -> None:
        """What the trader wants of a parent, on its way to the disk at once: a crash must not make it unsaid."""
        self._append(parent.id, Kind.WISH, what=what, **details)
        self._journal.hurry()

    def _append(self, order_id: str, kind: Kind, **body: object) -> None:
        self._journal.append(self._clock.now_us(), order_id, kind, body)
