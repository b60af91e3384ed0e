"""Room in a parent for a change that is not true yet: made before the larger child may leave, given back when it came to nothing."""

from __future__ import annotations

from decimal import Decimal

from core.execution.manager import OrderManager
from core.execution.state import ParentState


def make_room(parent: ParentState, amount: Decimal, manager: OrderManager) -> None:
    """Raise a parent to `amount` (base). `give_back` takes it back, also after a crash."""
    if parent.falls_back is None:
        parent.falls_back = parent.request.amount
        manager.record.state(parent)  # before the larger amount: no crash may leave that alone
    manager.change_request(parent, price=parent.request.price, amount=amount)


def give_back(parent: ParentState, manager: OrderManager) -> None:
    """Take back the room made for a change that was dropped: what filled + worst-case live leaves of it, the rest in later calls."""
    if parent.falls_back is None:
        return
    amount = max(parent.falls_back, parent.executed.amount + parent.live_amount)
    if amount < parent.request.amount:
        manager.change_request(parent, price=parent.request.price, amount=amount)
    if parent.request.amount <= parent.falls_back:
        parent.falls_back = None
        manager.record.state(parent)
