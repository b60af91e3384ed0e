"""What the trader is told that is about no single order: kept, so that a window that opens late hears what went wrong before it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import final

from core.domain.clock import Clock
from core.domain.events import Notice

log = logging.getLogger(__name__)

KEPT = 500


@final
class Notices:
    """The last `KEPT` of them, each in the log as well."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Notice] = deque(maxlen=KEPT)
        self._listeners: list[Callable[[Notice], None]] = []

    def listen(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Call `listener` with every notice, the last ones so far included; returns how to stop that."""
        self._listeners.append(listener)
        for notice in tuple(self._kept):
            listener(notice)
        return lambda: self._listeners.remove(listener)

    def take(self, notice: Notice) -> None:
        """Pass on one that somebody else has made."""
        self._kept.append(notice)
        log.log(logging.INFO if notice.level == "info" else logging.WARNING, "%s", notice.sentence)
        for listener in tuple(self._listeners):
            listener(notice)

    def tell(self, level: str, sentence: str) -> None:
        """Make one now. `level`: info, warning or error."""
        self.take(Notice(self._clock.now_us(), level, sentence))
