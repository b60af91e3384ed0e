"""Fails a test that leaves something running: an asyncio task, a Qt timer, an error nobody looked at.

asyncio is silent about all of these. A runner cancels what is left when its loop closes, and an
exception that nobody retrieved is only logged, when the garbage collector gets there.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set up before every other fixture of a test and torn down after all of them."""
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("no_tasks_left")
    with _Errors() as errors:
        yield
    if "qapp" in request.fixturenames:
        _fail_on_active_timers()
    if errors.messages:
        pytest.fail("asyncio reported (perhaps of an earlier test):\n" + "\n".join(errors.messages))


@pytest_asyncio.fixture
async def no_tasks_left() -> AsyncIterator[None]:
    """Every task that a test or its fixtures started is over: awaited, or cancelled and awaited."""
    before = asyncio.all_tasks()
    yield
    left = [task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()]
    if left:
        pytest.fail(f"{len(left)} tasks left running, among them {left[0]!r}")


class _Errors(logging.Handler):
    """Collects what asyncio logs as an error; a context manager that listens while it is open."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(self.format(record))

    def __enter__(self) -> _Errors:
        logging.getLogger("asyncio").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("asyncio").removeHandler(self)


def _fail_on_active_timers() -> None:
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer
    from shiboken6 import isValid

    # Widgets that a test closed take their timers with them, once their deletion has been delivered.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    # By type: isinstance would wake lazy proxies, which say that they are anything.
    left = [timer for timer in gc.get_objects() if issubclass(type(timer), QTimer) and isValid(timer) and timer.isActive()]
    for timer in left:
        timer.stop()
    if left:
        pytest.fail(f"Timers left running: {', '.join(f'every {timer.interval()} ms of {timer.parent()!r}' for timer in left)}")
