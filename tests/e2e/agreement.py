"""What must be true when everything is over: the venues' books and a desk's journal tell the same story, trade by trade."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from core.domain.orders import ChildStatus, Fill
from core.exchanges.connector import VenueOrder, VenueOrderStatus
from core.execution.ids import is_ours
from core.execution.records import rebuild
from core.execution.state import ParentState
from core.journal.journal import Journal

Trade = tuple[str, str, Decimal, Decimal, Decimal, str]  # venue, id, price, amount, fee, what that is paid in


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened.

    Attributes:
        creates: client id -> how many create requests arrived with it.
        orders, fills: of every venue.
    """

    creates: Counter[str] = field(default_factory=Counter)
    orders: list[VenueOrder] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    def trades(self) -> dict[str, list[Trade]]:
        """Client id -> what was traded, sorted."""
        fills: defaultdict[str, list[Fill]] = defaultdict(list)
        for fill in self.fills:
            fills[fill.client_id].append(fill)
        return {client_id: _trades(each) for client_id, each in fills.items()}


def journaled(path: Path) -> list[ParentState]:
    """Every order that was ever journaled, as it stands at the end."""
    journal = Journal(path)
    try:
        return [rebuild(story) for story in journal.load(at_most=-1)]
    finally:
        journal.close()


def check_agreement(parents: Sequence[ParentState], truth: Truth) -> None:
    """Nothing lost, nothing sent twice, nothing executed too much, and nothing left behind."""
    children = {child.client_id: child for parent in parents for child in parent.children.values()}
    twice = [client_id for client_id, times in truth.creates.items() if times > 1]
    assert not twice, "a client id was used twice"
    unknown = [order.client_id for order in truth.orders if is_ours(order.client_id) and order.client_id not in children]
    assert not unknown, "orders on the venues that the journal does not know"
    placed = {order.client_id for order in truth.orders}
    assert len(placed) == len(truth.orders), "two orders of one client id"
    traded = truth.trades()
    for child in children.values():
        claimed, true = _trades(child.executed.fills), traded.get(child.client_id, [])
        assert claimed == true, f"{child.client_id} claims {claimed}, and the venue says {true}"
        if child.status in (ChildStatus.NOT_PLACED, ChildStatus.DENIED):
            assert child.client_id not in placed, f"{child.client_id} is said never to have been placed"
    for parent in parents:
        assert parent.executed.amount <= parent.request.amount, f"{parent.id} executed too much"
        assert parent.status.terminal, f"{parent.id} is {parent.status.value}"
    assert not [order for order in truth.orders if order.status is VenueOrderStatus.OPEN], "orders that nobody follows any more"


def _trades(fills: Iterable[Fill]) -> list[Trade]:
    return sorted((fill.venue, fill.trade_id, fill.price, fill.amount, fill.fee, fill.fee_currency) for fill in fills)


def figures(parents: Sequence[ParentState], truth: Truth, **more: object) -> str:
    """A row for the records of a long run."""
    children = [child for parent in parents for child in parent.children.values()]
    row = {
        **more,
        "parents": len(parents),
        "children": len(children),
        "never placed": sum(child.status is ChildStatus.NOT_PLACED for child in children),
        "venue orders": len(truth.orders),
        "fills": len(truth.fills),
    }
    return "\n".join(["", _row(row), "|---" * len(row) + "|", _row(row.values())])


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
