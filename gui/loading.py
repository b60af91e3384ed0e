"""Importing what is heavy without the window standing still for all of it at once. Qt-free."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any


async def import_slowly(modules: Iterable[str]) -> None:
    """One per turn of the loop."""
    for module in modules:
        importlib.import_module(module)
        await asyncio.sleep(0)


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """`work` as a task for as long as this lasts."""
    task = asyncio.get_running_loop().create_task(work, name="loading what comes later")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
