"""What a trader says of an order that its venue is silent about: the only thing that ends a doubt beside evidence, and checked by it later.

An order that is gone may be gone because it filled. So the word is two facts: it is not live, and so much of it was filled.
"""

from __future__ import annotations

from decimal import Decimal

from core.domain.errors import BadAmount, NotPossible
from core.domain.numbers import plain
from core.domain.orders import ChildEvent, ChildStatus, Knowledge
from core.execution.state import ChildState


def checked_word(child: ChildState, filled: Decimal | None) -> Decimal:
    """What was filled of the child, by what the trader says.

    Args:
        filled: base that the venue shows as filled, in all; None: as much as it has told us.

    Raises:
        NotPossible: its state is known, or evidence is still being looked for.
        BadAmount: less than is known to be filled, or more than was asked for.
    """
    if child.knowledge is not Knowledge.QUARANTINED:
        raise NotPossible(f"Order {child.client_id} needs no decision: its state is {child.knowledge.value}.")
    seen, said = child.executed.amount, max(child.claimed_filled, child.executed.amount) if filled is None else filled
    if not seen <= said <= max(child.worst_amount, seen):
        known = f"{plain(seen)} is known to be filled, and {plain(child.worst_amount)} was asked for"
        raise BadAmount(f"Of order {child.client_id} {known}.")
    return said


def take_word(child: ChildState, said: Decimal, now_us: int) -> None:
    """The child is not live at its venue, and `said` of it (base) was filled. The rest is free again.

    What was filled and not shown stays reserved until its trades are seen, and the venue is asked until it has answered once.
    """
    child.know()
    child.claimed_before = min(child.claimed_filled, said)
    child.claimed_end, child.claimed_filled, child.cancelling, child.insisted = None, said, False, False
    child.flags.add("resolved_by_trader")
    child.unverified, child.news_us = True, max(child.news_us, now_us)  # what was told before he looked is older than his look
    absent = child.status in (ChildStatus.INTENT, ChildStatus.SUBMITTING) and not said
    if child.status is ChildStatus.INTENT and not absent:
        child.advance(ChildEvent.SEND, now_us)
    child.advance(ChildEvent.PROVE_ABSENT if absent else ChildEvent.CANCEL, now_us)
    child.reason = "the trader checked: it is not live" + (f", and {plain(said)} was filled" if said else "")
