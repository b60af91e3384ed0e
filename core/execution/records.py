"""The manager's records as they are journaled, and back: what a restart finds is what the crash left.

A STATE says everything about an order that is not derived from its fills, so the last one and the fills are enough; what
came before explains it. The types of the fields decide how they are read, so a field is named here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from core.domain.errors import BadRequest
from core.domain.orders import Fill
from core.domain.plan import ExecutionRequest, PlannedChild
from core.execution.ids import seed_of
from core.execution.state import ChildState, ParentState, Wish
from core.journal.entry import Entry, Kind, Story
from core.strategies.params import parse_params

_PARENT = (
    "status",
    "reason",
    "target",
    "ends_us",
    "memory",
    "rounds",
    "started_us",
    "paused_us",
    "held",
    "restored",
    "falls_back",
    "extreme",
    "market_traded",
)
_CHILD = (
    "status",
    "knowledge",
    "reason",
    "price",
    "amount",
    "updated_us",
    "sent_us",
    "flags",
    "wish",
    "cancelling",
    "failed_cancels",
    "not_before_us",
    "gave_up_us",
    "doubted_us",
    "news_us",
    "claimed_end",
    "claimed_filled",
    "releases",
    "released",
    "passing",
    "insisted",
    "unverified",
    "claimed_before",
    "only_fills",
    "venue_order_id",
)
_REQUEST = TypeAdapter(ExecutionRequest)
_PLANNED = TypeAdapter(PlannedChild)
_FILL = TypeAdapter(Fill)
_WISH = TypeAdapter(Wish)


def _adapters(kind: type, names: Iterable[str]) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(kind)
    return {name: TypeAdapter(hints[name]) for name in names}


_PARENT_ADAPTERS = _adapters(ParentState, _PARENT)
_CHILD_ADAPTERS = _adapters(ChildState, _CHILD)


def parent_body(parent: ParentState) -> dict[str, object]:
    """A parent's STATE."""
    return {**{name: getattr(parent, name) for name in _PARENT}, "memory": dict(parent.memory), "over": parent.status.terminal}


def child_body(child: ChildState) -> dict[str, object]:
    """A child's STATE."""
    wish = None if child.wish is None else asdict(child.wish)
    return {**{name: getattr(child, name) for name in _CHILD}, "flags": sorted(child.flags), "wish": wish}


def rebuild(story: Story) -> ParentState:
    """A parent with its children as the journal knows them.

    Raises:
        ValueError: the story can't be understood, a damaged or foreign one.
    """
    parent: ParentState | None = None
    for entry in story.entries:
        if entry.kind == Kind.PARENT:
            request = _with_params(_REQUEST.validate_python(entry.body))
            parent = ParentState(entry.order_id, request, entry.ts_us, entry.ts_us, seed_of(entry.order_id))
        elif parent is not None:
            _take(parent, entry)
    if parent is None:
        raise ValueError(f"order {story.parent_id} has no beginning in the journal")
    return parent


def _take(parent: ParentState, entry: Entry) -> None:
    child = parent.children.get(entry.order_id)
    parent.updated_us = max(parent.updated_us, entry.ts_us)
    if entry.kind == Kind.INTENT:
        planned = _PLANNED.validate_python(entry.body)
        parent.children[entry.order_id] = ChildState(
            entry.order_id, parent, planned, planned.price, planned.amount, entry.ts_us, entry.ts_us
        )
    elif entry.kind == Kind.STATE:
        if child is None:
            _set(parent, entry.body, _PARENT_ADAPTERS)
        else:
            _set(child, entry.body, _CHILD_ADAPTERS)
    elif entry.kind == Kind.FILL and child is not None:
        _count(child, _FILL.validate_python(entry.body))
    elif entry.kind == Kind.AMEND and child is not None:
        child.wish = _WISH.validate_python(entry.body)
    elif entry.kind == Kind.MODIFY:
        parent.request = _REQUEST.validate_python({**asdict(parent.request), **entry.body})


def _set(state: ParentState | ChildState, body: Mapping[str, object], adapters: Mapping[str, TypeAdapter[Any]]) -> None:
    """Older versions said less: what is not there stays as it was."""
    for name, adapter in adapters.items():
        if name in body:
            setattr(state, name, adapter.validate_python(body[name]))
    state.recorded = body


def _count(child: ChildState, fill: Fill) -> None:
    """Once, as ever: a fill may be in the journal twice when the venue told it twice around a crash."""
    if fill.trade_id not in child.trade_ids:
        child.trade_ids.add(fill.trade_id)
        child.executed.add(fill)
        child.parent.executed.add(fill)


def _with_params(request: ExecutionRequest) -> ExecutionRequest:
    """Parameters as their model has them; those that it no longer knows stay as they were written."""
    try:
        return replace(request, params=parse_params(request.strategy, request.params).model_dump())
    except BadRequest:
        return request
