"""Changing a parent under way: raise at once, amend in place where that is safe, else cancel first and apply once known.

Below filled + live nothing is applied before the children that stand in the way are *known* to be over:
a fill may be on its way. A child that grows in place needs a larger parent first; should the change come to nothing, by
another wish, a cancel or a crash, the parent falls back to what it was.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import final

from core.domain.errors import FathomError, NotPossible
from core.domain.orders import ChildStatus, Knowledge, PendingAction
from core.execution.manager import OrderManager
from core.execution.room import give_back, make_room
from core.execution.state import ZERO, ChildState, ParentState


@final
class AmendWish:
    """What the trader wants a parent to be, and whether that came true.

    Attributes:
        price: new limit, quote per base (None: a market order keeps none).
        amount: new total, base.
        trigger_price: where a waiting order fires from now on; None leaves it.
        new_total: the trader stated the amount; False when only the price changes.
        applied: resolves True when the parent has the new values, False when they came too late; raises what spoke against them.
    """

    def __init__(self, price: Decimal | None, amount: Decimal, trigger_price: Decimal | None = None, *, new_total: bool = True) -> None:
        self.price = price
        self.amount = amount
        self.trigger_price = trigger_price
        self.applied: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        # The one attempt to amend in place; it runs beside the worker, so that a cancel need not wait for it.
        self.in_place: asyncio.Task[bool] | None = None
        self.child: ChildState | None = None
        self.child_target: tuple[Decimal, Decimal] | None = None
        self.new_total = new_total

    def drop(self) -> None:
        """It was overtaken by a cancel, another wish, or the end of the parent."""
        if not self.applied.done():
            self.applied.set_result(False)

    def refuse(self, error: FathomError) -> None:
        """It was forbidden before anything was sent; whoever asked for it is told why."""
        if not self.applied.done():
            self.applied.set_exception(error)
            self.applied.exception()  # whoever asked may have stopped waiting


def settle_amend(wish: AmendWish, parent: ParentState, manager: OrderManager) -> bool:
    """Bring `wish` about as far as possible now; True once it is settled, False to be called again after the next change.

    Raises:
        RiskDenied, JournalError: it can't be; nothing was sent and the parent is as it was.
    """
    if wish.in_place is not None:
        if not wish.in_place.done() or (wish.child is not None and wish.child.wish is not None):
            return False  # the venue has not said, and until it has, both may be true
        if wish.child is not None and (wish.child.price, wish.child.amount) == wish.child_target:
            return _apply(wish, parent, manager)
    child = _amendable(parent, manager)
    if child is not None and wish.in_place is None and wish.price is not None:
        wish.in_place = _amend_in_place(wish, wish.price, child, parent, manager)
        if wish.in_place is not None:
            return False
    only_more = wish.price == parent.request.price and wish.amount >= parent.executed.amount + parent.live_amount
    if not parent.open_children or (only_more and child is None):
        return _apply(wish, parent, manager)
    for open_child in parent.open_children:
        manager.cancel(open_child)
    return False


def _apply(wish: AmendWish, parent: ParentState, manager: OrderManager) -> bool:
    # A fill during the cancel may have passed the new amount: what is filled is filled.
    amount = max(wish.amount, parent.executed.amount + parent.live_amount)
    if wish.new_total:  # the trader has stated a new total: what was taken back before is part of it again, or not
        for child in parent.children.values():
            child.released = ZERO
            manager.record.state(child)
    parent.falls_back = None
    manager.change_request(parent, price=wish.price, amount=amount, trigger_price=wish.trigger_price)
    if not wish.applied.done():
        wish.applied.set_result(amount == wish.amount)
    return True


def _amendable(parent: ParentState, manager: OrderManager) -> ChildState | None:
    """A router's only live child, when it rests at the parent's own price on a venue that amends in place.

    A working algo's order is a slice: its schedule decides what becomes of it.
    """
    if len(parent.open_children) != 1 or parent.request.strategy.works_over_time:
        return None
    child = parent.open_children[0]
    resting = child.status in (ChildStatus.OPEN, ChildStatus.PARTIALLY_FILLED) and child.pending is PendingAction.NONE
    known = child.knowledge is Knowledge.KNOWN
    own_price = known and parent.request.price is not None and child.price == child_price(child, parent.request.price, manager)
    return child if resting and own_price and manager.connectors[child.planned.exchange].capabilities.amend else None


def child_price(child: ChildState, price: Decimal, manager: OrderManager) -> Decimal:
    """`price` on the child's venue."""
    instrument = manager.connectors[child.planned.exchange].instruments[child.parent.request.symbol]
    return instrument.round_price(price, child.planned.side)


def _amend_in_place(
    wish: AmendWish, price: Decimal, child: ChildState, parent: ParentState, manager: OrderManager
) -> asyncio.Task[bool] | None:
    """Start changing the resting child to what the parent would have left; None when that can't be."""
    instrument = manager.connectors[child.planned.exchange].instruments[parent.request.symbol]
    elsewhere = parent.executed.amount - child.executed.amount + (ZERO if wish.new_total else parent.released)
    amount = instrument.floor_amount(wish.amount - elsewhere)
    new_price = child_price(child, price, manager)
    if amount <= child.executed.amount or instrument.shortfall_of_minimums(amount - child.executed.amount, new_price):
        return None
    if wish.amount > parent.request.amount:  # room first, then the larger child
        make_room(parent, wish.amount, manager)
    try:
        attempt = manager.amend(child, price=new_price, amount=amount)
    except FathomError as error:
        give_back(parent, manager)
        if isinstance(error, NotPossible):
            return None
        raise
    wish.child, wish.child_target = child, (new_price, amount)
    attempt.add_done_callback(_seen)
    return attempt


def _seen(attempt: asyncio.Task[bool]) -> None:
    """Its outcome is read off the child; an exception says no more than that it did not take effect, or not surely."""
    if not attempt.cancelled():
        attempt.exception()
