"""Every error that nobody caught ends here: one line for the trader, everything for the log, no dialog.

Qt hides errors in three places: a slot's exception goes to `sys.excepthook` while `emit()` returns as if
nothing happened, a bare task's only to the loop's handler, a thread's to `threading.excepthook`. All three lead
here. A fault that repeats on every frame is one banner with a count, and the log gets it at growing distances.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from core.domain.errors import FathomError

_log = logging.getLogger(__name__)
_PROGRAM_FAULT = "Something in Fathom went wrong. The log has the details."


@dataclass(frozen=True, slots=True)
class Report:
    """What the banner shows.

    Attributes:
        sentence: for the trader.
        count: how often it has happened so far.
        is_fault: a fault of the program; False for something it knows how to say (`FathomError`).
    """

    sentence: str
    count: int
    is_fault: bool


class Reporter(QObject):
    """Collects errors from everywhere and announces each kind once."""

    reported = Signal(object)  # Report
    # Hooks may be called in any thread; Qt carries this one over to ours.
    _arrived = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts: dict[tuple[object, ...], int] = {}
        self._hooks = (sys.excepthook, threading.excepthook)
        self._arrived.connect(self._take, Qt.ConnectionType.AutoConnection)

    def install(self) -> None:
        """Take over `sys.excepthook` and `threading.excepthook`."""
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_main
        threading.excepthook = self._on_thread

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over the loop's exception handler."""
        loop.set_exception_handler(self._on_loop)

    def remove(self) -> None:
        """Put the hooks back that were there before."""
        sys.excepthook, threading.excepthook = self._hooks

    def report(self, error: BaseException, doing: str = "") -> None:
        """An error that was caught but belongs to the trader: "`doing` failed: …". From any thread."""
        self._arrived.emit(error, doing)

    def _take(self, error: BaseException, doing: str) -> None:
        if isinstance(error, KeyboardInterrupt | SystemExit | asyncio.CancelledError):
            return
        is_fault = not isinstance(error, FathomError)
        key = _kind_of(error, doing)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        # The first, the tenth, the hundredth: a fault in a paint handler comes twelve times a second.
        if count == 1 or str(count).strip("0") == "1":
            detail = getattr(error, "detail", None)
            trace = (type(error), error, error.__traceback__) if is_fault else None
            _log.log(
                logging.ERROR if is_fault else logging.WARNING, "%s (×%d) %s", doing or "uncaught", count, detail or error, exc_info=trace
            )
        sentence = _PROGRAM_FAULT if is_fault else str(error)
        if doing:
            sentence = f"{doing[0].upper()}{doing[1:]} failed: {sentence}"
        self.reported.emit(Report(sentence, count, is_fault))

    def _on_main(self, _kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.report(error.with_traceback(trace))

    def _on_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.report(args.exc_value)

    def _on_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None:
            _log.error("event loop: %s", context.get("message"))
        else:
            self.report(error)


def _kind_of(error: BaseException, doing: str) -> tuple[object, ...]:
    """Same kind, same sentence or same place in the code: the same trouble."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else None
    return (type(error), doing, place, None if place else str(error))
