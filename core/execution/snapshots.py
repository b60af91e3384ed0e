"""Freezing the manager's records: what the blotter, the journal and callers are given."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from core.domain.enums import OrderType
from core.domain.orders import OrderSnapshot, ParentStatus

if TYPE_CHECKING:
    from core.execution.state import ChildState, ParentState


def child_snapshot(child: ChildState) -> OrderSnapshot:
    """One child at this moment."""
    request = child.parent.request
    return OrderSnapshot(
        id=child.client_id,
        parent_id=child.parent.id,
        children=(),
        symbol=request.symbol,
        side=request.side,
        order_type=OrderType.LIMIT,
        time_in_force=child.planned.time_in_force,
        price=child.price,
        amount=child.amount,
        filled_amount=child.executed.amount,
        filled_notional=child.executed.notional,
        fees=MappingProxyType(dict(child.executed.fees)),
        status=child.status,
        exchange=child.planned.exchange,
        strategy=request.strategy,
        params=MappingProxyType({}),
        live_amount=child.live_amount,
        created_us=child.created_us,
        updated_us=child.updated_us,
        reason=child.reason,
        pending=child.pending,
        knowledge=child.knowledge,
        pending_price=child.wish.price if child.wish else None,
        pending_amount=child.wish.amount if child.wish else None,
        post_only=child.planned.post_only,
        reduce_only=request.reduce_only,
        fill_count=len(child.executed.fills),
        exchanges=(child.planned.exchange,),
        flags=frozenset(child.flags),
        claimed_amount=max(child.claimed_filled, child.executed.amount),
    )


def parent_snapshot(parent: ParentState) -> OrderSnapshot:
    """One parent at this moment."""
    request = parent.request
    return OrderSnapshot(
        id=parent.id,
        parent_id=None,
        children=tuple(parent.children),
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        price=request.price,
        amount=request.amount,
        filled_amount=parent.executed.amount,
        filled_notional=parent.executed.notional,
        fees=MappingProxyType(dict(parent.executed.fees)),
        status=parent.status,
        exchange=None,
        strategy=request.strategy,
        params=MappingProxyType(dict(request.params)),
        live_amount=parent.live_amount,
        created_us=parent.created_us,
        updated_us=parent.updated_us,
        reason=parent.reason,
        target_amount=parent.target,
        ends_us=parent.ends_us,
        trigger_price=request.trigger_price,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        fill_count=len(parent.executed.fills),
        exchanges=request.exchanges,
        flags=parent.flags,
        held=parent.held and parent.status is ParentStatus.PAUSED,
    )
