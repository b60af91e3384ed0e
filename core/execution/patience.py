"""Waiting for an order to get somewhere, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from core.domain.clock import Clock

# How long a cancel or a change is waited for before it is left to finish by itself.
PATIENCE_S = 30.0


async def patiently(awaitable: Awaitable[Any], clock: Clock) -> None:
    """Wait `PATIENCE_S` at most: a silent venue must not hang the caller. What an order does goes on regardless."""
    waiting: asyncio.Future[Any] = asyncio.ensure_future(awaitable)
    patience: asyncio.Future[Any] = asyncio.ensure_future(clock.sleep(PATIENCE_S))
    try:
        await asyncio.wait([waiting, patience], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        patience.cancel()
