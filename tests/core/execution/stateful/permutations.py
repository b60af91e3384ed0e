"""What happened to one child, told to a fresh record of it in another order and several times over.

A record that is in doubt afterwards does what the desk does: it asks. What it then knows must not depend on the order in
which it was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from core.domain.orders import ChildEvent, Fill
from core.exchanges.connector import VenueOrder
from core.execution.evidence import in_doubt
from core.execution.state import ChildState, ParentState, Wish

Change = tuple[Decimal, Decimal]
# How often a record in doubt asks its venue: `core.execution.evidence` would go on for ever.
_LOOKS = 3
_LATER_US = 1 << 60


def replayable(child: ChildState, amended: Sequence[Change]) -> bool:
    """Whether the record can be made anew: what the trader decided himself, or a chain of changes, is not in the venue's events."""
    return "resolved_by_trader" not in child.flags and len(amended) < 2


@dataclass(frozen=True, slots=True)
class Tale:
    """What really happened to one child.

    Attributes:
        events: in order.
        truth: the order as its venue has it now.
        amended: changes that left.
    """

    events: Sequence[VenueOrder | Fill]
    truth: VenueOrder
    amended: Sequence[Change]

    def depends_on_order(self, child: ChildState, random: Random) -> str:
        """How the ends differ of its events in order and of a permutation with repetitions; empty when they do not."""
        shuffled = [*self.events, *random.choices(self.events, k=random.randrange(3))]
        random.shuffle(shuffled)
        told, retold = self._replay(child, self.events), self._replay(child, shuffled)
        if (_end(told), told.price) == (_end(retold), retold.price):
            return ""
        return f"in order it ends as {_end(told)} at {told.price}, shuffled ({_words(shuffled)}) as {_end(retold)} at {retold.price}"

    def ended_otherwise(self, child: ChildState) -> str:
        """How the child's own end differs from that of its events in order; empty when it does not.

        Prices may differ: a dropped message said of a change that nobody has heard of, and the order has been filled since.
        """
        told = self._replay(child, self.events)
        return "" if _end(child) == _end(told) else f"it ended as {_end(child)}, and its events in order end as {_end(told)}"

    def _replay(self, child: ChildState, events: Sequence[VenueOrder | Fill]) -> ChildState:
        return _replay(child, events, self.truth, self.amended)


def _replay(child: ChildState, events: Sequence[VenueOrder | Fill], truth: VenueOrder, amended: Sequence[Change]) -> ChildState:
    old = child.parent
    parent = ParentState(old.id, old.request, old.created_us, old.created_us, old.seed)
    fresh = ChildState(
        child.client_id, parent, child.planned, child.planned.price, child.planned.amount, child.created_us, child.created_us
    )
    parent.children[fresh.client_id] = fresh
    fresh.advance(ChildEvent.SEND, child.created_us)
    if amended:
        price, amount = amended[0]
        fresh.wish = Wish(price, amount, gave_up_us=child.created_us)
    fills = [event for event in events if isinstance(event, Fill)]
    for event in events:
        if isinstance(event, Fill):
            fresh.apply_fill(event, event.ts_us)
        else:
            fresh.apply_venue_order(event, event.ts_us)
    for _ in range(_LOOKS):
        if not in_doubt(fresh):
            break
        if max(truth.filled, fresh.claimed_filled) > fresh.executed.amount:
            for fill in fills:
                fresh.apply_fill(fill, _LATER_US)
        fresh.apply_venue_order(truth, _LATER_US, looked_up=True)
        if fresh.wish is not None and not fresh.settled:
            fresh.drop_wish(_LATER_US)
    return fresh


def _end(child: ChildState) -> tuple[object, ...]:
    executed = child.executed
    return (
        child.status.value,
        child.knowledge.value,
        child.amount,
        executed.amount,
        executed.notional,
        sorted(executed.fees.items()),
        sorted(fill.trade_id for fill in executed.fills),
        child.live_amount,
        "overfill" in child.flags,
    )


def _words(events: Sequence[VenueOrder | Fill]) -> str:
    return ", ".join(
        f"fill {event.amount}" if isinstance(event, Fill) else f"{event.status.value} {event.filled}/{event.amount}" for event in events
    )
