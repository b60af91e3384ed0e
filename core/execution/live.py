"""Which children are not known to be over, without looking through everything that ever was.

It follows the manager's events, so it is right from the first one on; `recount` is for records that came
from elsewhere (a journal).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from core.domain.events import OrderEvent
from core.domain.orders import ChildStatus
from core.execution.manager import OrderManager
from core.execution.state import ChildState


@final
class LiveChildren:
    """The manager's open children; iterating goes over those that may be on a venue, intents left out."""

    def __init__(self, manager: OrderManager) -> None:
        self._manager = manager
        self._children: dict[str, ChildState] = {}
        self._stop_listening = manager.on_event(self._on_event)
        self.recount()

    def __iter__(self) -> Iterator[ChildState]:
        for child in list(self._children.values()):
            if child.settled:
                self._children.pop(child.client_id, None)
            elif child.status is not ChildStatus.INTENT:
                yield child

    def on(self, venue: str, symbol: str | None = None) -> list[ChildState]:
        """Those on one venue, of one symbol or of all."""
        return [child for child in self if child.planned.exchange == venue and symbol in (None, child.parent.request.symbol)]

    def recount(self) -> None:
        """Start over from the manager's records."""
        self._children = {child.client_id: child for child in self._manager.open_children()}

    def close(self) -> None:
        """Follow no longer."""
        self._stop_listening()

    def _on_event(self, event: OrderEvent) -> None:
        if event.order.parent_id is None:
            return
        child = self._manager.child(event.order.id)
        if child is not None and not child.settled:
            self._children[child.client_id] = child
        else:
            self._children.pop(event.order.id, None)
