"""`python -m tests.emulator`: one line to copy, and a market behind it that lives."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

import pytest

from core.exchanges.ccxt.access import EmulatorAddress
from tests.emulator.__main__ import serve
from tests.emulator.ccxt_clients import PERP_SYMBOL, ccxt_client
from tests.emulator.markets import SYMBOL


async def test_the_printed_setting_leads_to_a_market_that_moves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = asyncio.ensure_future(serve(["--port", "0", "--ca", str(tmp_path / "ca.pem"), "--latency", "1"]))
    try:
        said = ""
        async with asyncio.timeout(10):
            while "\n" not in said:
                await asyncio.sleep(0.005)
                said += capsys.readouterr().out
        [line] = said.splitlines()
        setting = re.search(r'FATHOM_EMULATOR="(.+)"', line)
        assert setting is not None
        address = EmulatorAddress.parse(setting[1])
        for name, symbol in (("binance", SYMBOL), ("binanceusdm", PERP_SYMBOL), ("bybit", SYMBOL), ("bybit", PERP_SYMBOL)):
            async with ccxt_client(name, address) as client:
                assert symbol in client.markets
                first = (await client.watch_order_book(symbol))["bids"][0][0]
                assert 50_000 < first < 70_000
                for _ in range(3):
                    book = await client.watch_order_book(symbol)
                assert len(book["bids"]) > 40
    finally:
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
