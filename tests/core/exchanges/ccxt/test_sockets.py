"""A lost socket fails everything that was asked of it, and what nobody waits for is nobody's news."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import ccxt
import pytest

from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.clients import load_ccxt
from core.exchanges.ccxt.making import make_client

LOST = ccxt.NetworkError("Connection closed by remote server, closing code 1006")


async def test_a_future_that_nobody_waits_for_fails_in_silence_and_the_others_aloud() -> None:
    """Binance's log-in keeps one for callers that may never come; asyncio would report it to the trader as an error of ours."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    client = make_client(load_ccxt(), "binance", Access("public"), for_trading=False)
    try:
        socket = client.client("wss://localhost")
        socket.future("authenticate:signature:spot")
        waited_for = socket.future("orders")
        socket.future("rejected alone")
        socket.reject(LOST, "rejected alone")
        socket.reject(LOST)
        with pytest.raises(ccxt.NetworkError, match="1006"):
            await waited_for
        gc.collect()
        assert reported == []
    finally:
        await client.close_quietly()
