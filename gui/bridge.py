"""Core events to coalesced Qt signals, on the window's few clocks.

The engine may produce thousands of changes a second; the window draws a handful of times. Order
events are kept latest-per-order and handed over in one list; books are not queued at all: on each
`book_tick` a widget reads what is there now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.domain.events import OrderEvent, OrderEventKind

if TYPE_CHECKING:
    from core.desk.desk import Desk

BOOK_MS = 80
ORDERS_MS = 100
PREVIEW_MS = 200


class Bridge(QObject):
    """Joins one desk to the widgets. Owns the GUI clocks and every task that a widget starts."""

    book_tick = Signal()  # read the books and draw
    preview_tick = Signal()  # recompute the ticket's preview
    orders_changed = Signal(object)  # list[OrderEvent]: the latest of each changed order, oldest first
    fills_added = Signal(object)  # list[OrderEvent] of kind FILLED, every one

    def __init__(self, desk: Desk, report: Callable[[BaseException, str], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._report = report
        self._latest: dict[str, OrderEvent] = {}
        self._fills: list[OrderEvent] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timers = [
            self._timer(BOOK_MS, self.book_tick.emit),
            self._timer(ORDERS_MS, self._flush_orders),
            self._timer(PREVIEW_MS, self.preview_tick.emit),
        ]
        self._stop_listening = desk.order_manager.on_event(self._on_order_event)

    def _timer(self, interval_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        timer.start()
        return timer

    def _on_order_event(self, event: OrderEvent) -> None:
        self._latest.pop(event.order.id, None)
        self._latest[event.order.id] = event
        if event.kind is OrderEventKind.FILLED:
            self._fills.append(event)

    def _flush_orders(self) -> None:
        if self._fills:
            fills, self._fills = self._fills, []
            self.fills_added.emit(fills)
        if self._latest:
            latest, self._latest = self._latest, {}
            self.orders_changed.emit(list(latest.values()))

    def run(self, work: Coroutine[Any, Any, Any], doing: str) -> asyncio.Task[Any]:
        """Start `work` as a task this bridge owns; a failure is reported as "`doing` failed: …"."""
        task = asyncio.get_running_loop().create_task(work, name=doing)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(error, task.get_name())

    async def close(self) -> None:
        """Stop the clocks, let go of the desk, cancel what still runs."""
        for timer in self._timers:
            timer.stop()
        self._stop_listening()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
