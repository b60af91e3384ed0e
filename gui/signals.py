"""Ctrl-C and a termination reach Qt's loop, which on Windows would sleep through them.

They never ask: whoever sends one may not see the window.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QTimer


@contextmanager
def closed_by_signals(loop: asyncio.AbstractEventLoop, close: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and a termination call `close`, while this lasts."""
    if sys.platform == "win32":
        # Windows has no wake-up for signals in Qt's loop: a timer lets Python look for them.
        before = signal.signal(signal.SIGINT, lambda _number, _frame: close())
        timer = QTimer()
        timer.start(200)
        timer.timeout.connect(lambda: None)
        yield
        timer.stop()
        signal.signal(signal.SIGINT, before)
        return
    loop.add_signal_handler(signal.SIGINT, close)
    loop.add_signal_handler(signal.SIGTERM, close)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)
