"""Waiting for something on a desk that runs on wall time, without saying how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Return once `condition` holds; a TimeoutError when it does not in time."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - books and balances have no asyncio events
            await asyncio.sleep(0.01)
