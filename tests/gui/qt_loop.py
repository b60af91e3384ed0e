"""Running a coroutine as the program does, on Qt's own loop, and waiting for what widgets do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

T = TypeVar("T")
DEADLINE_S = 20


def run_on_qt(app: QApplication, work: Coroutine[Any, Any, T], *, within_s: float = DEADLINE_S) -> T:
    """`work` to its end, on a loop of Qt's.

    Raises:
        TimeoutError: it takes longer than anything here should.
    """
    app.setQuitOnLastWindowClosed(False)  # as `bootstrap` does

    async def within() -> T:
        async with asyncio.timeout(within_s):
            return await work

    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        return runner.run(within())


async def until(condition: Callable[[], object]) -> None:
    """Return once `condition` holds; the caller's deadline ends it when it never does."""
    while not condition():  # noqa: ASYNC110 - widgets have no asyncio events
        await asyncio.sleep(0.01)
