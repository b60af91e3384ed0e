"""Fetches an exchange's list of markets in a process of its own: `python -m core.exchanges.ccxt.market_loader binance`.

Parsing what a large exchange lists takes a second in which nothing else runs, so it runs elsewhere. The list goes to standard
output as JSON, without what is never used of it (a tenth is left); a failure goes to standard error as one sentence and
ends with exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from core.domain.enums import MarketType
from core.domain.errors import FathomError, UnknownVenue, VenueUnavailable
from core.exchanges.ccxt.access import EMULATOR_VARIABLE, Access, EmulatorAddress
from core.exchanges.ccxt.venues import kinds_of

TIMEOUT_S = 60.0
_ROOT = Path(__file__).resolve().parents[3]
_NO_EXCHANGE = 2
# How ccxt's options call what we trade.
_KINDS = {MarketType.SPOT: ("spot",), MarketType.PERP: ("swap", "linear")}


async def load_elsewhere(ccxt_id: str, access: Access) -> Mapping[str, Any]:
    """`{"markets": […], "currencies": {…}, "precision_mode": 4}`, fetched in a process of its own and already trimmed.

    Raises:
        UnknownVenue: ccxt has no such exchange.
        VenueUnavailable: it does not answer, or what it answers is no list.
    """
    command = [sys.executable, "-m", "core.exchanges.ccxt.market_loader", ccxt_id, *(["--testnet"] if access.kind == "testnet" else [])]
    environment = {key: value for key, value in os.environ.items() if key != EMULATOR_VARIABLE}
    if access.emulator is not None:
        environment[EMULATOR_VARIABLE] = str(access.emulator)
    try:
        process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    except OSError as error:
        raise VenueUnavailable(f"The markets of {ccxt_id} can't be loaded: no process could be started.", detail=error) from error
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, complaint = await process.communicate()
    except TimeoutError as error:
        raise VenueUnavailable(f"{ccxt_id} did not list its markets within {TIMEOUT_S:.0f} s.", detail=error) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = complaint.decode(errors="replace").strip()
    if process.returncode == _NO_EXCHANGE:
        raise UnknownVenue(said or f"ccxt knows no exchange {ccxt_id!r}.")
    if process.returncode:
        raise VenueUnavailable(f"{ccxt_id} can't be reached to list its markets.", detail=f"exit code {process.returncode}: {said}")
    try:
        loaded: Mapping[str, Any] = await asyncio.to_thread(orjson.loads, output)
    except orjson.JSONDecodeError as error:
        raise VenueUnavailable(f"{ccxt_id} listed its markets in a form that can't be read.", detail=error) from error
    return loaded


async def load_here(ccxt_id: str, access: Access) -> Mapping[str, Any]:
    """The same in this process: what the other one runs, and tests that have imported ccxt anyway.

    Raises:
        UnknownVenue, VenueUnavailable: as for `load_elsewhere`.
        NotPossible: testnet access, and the exchange has none.
    """
    from core.exchanges.ccxt.clients import load_ccxt
    from core.exchanges.ccxt.making import make_client

    ccxt = load_ccxt()
    client = make_client(ccxt, ccxt_id, access, for_trading=False)
    _narrow(client.options, kinds_of(ccxt_id))
    try:
        await client.load_markets()
    except (ccxt.BaseError, OSError) as error:
        raise VenueUnavailable(f"{ccxt_id} can't be reached to list its markets.", detail=error) from error
    else:
        return {"markets": trim(client.markets.values()), "currencies": _codes(client.currencies), "precision_mode": client.precisionMode}
    finally:
        await client.close_quietly()


def trim(markets: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """ccxt's market structures as plain JSON: active spot and linear perps that settle in their quote, empty fields left out."""
    return [_slim(market) for market in markets if _tradable(market)]


def _tradable(market: Mapping[str, Any]) -> bool:
    if market.get("active") is False:
        return False
    perp = market.get("swap") and market.get("linear") and market.get("settle") == market.get("quote")
    return bool(market.get("spot") or perp)


def _slim(market: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in market.items() if value is not None and key != "info"}
    # The exchange's own words, of which ccxt looks some up later (binance's orderTypes, kraken's wsname); filters are parsed already.
    info = market.get("info")
    kept["info"] = {key: value for key, value in info.items() if _is_short(value)} if isinstance(info, Mapping) else {}
    return kept


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _codes(currencies: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """What the exchange calls each currency, and no more."""
    return {code: {key: found.get(key) for key in ("id", "code", "precision")} for code, found in (currencies or {}).items()}


def _narrow(options: dict[str, Any], kinds: Iterable[MarketType]) -> None:
    """Ask for what we trade only, where an exchange is asked for each kind apart: options alone take seconds."""
    asked, named = options.get("fetchMarkets"), [name for kind in kinds for name in _KINDS[kind]]
    if isinstance(asked, dict) and isinstance(types := asked.get("types"), list) and (wanted := [name for name in types if name in named]):
        options["fetchMarkets"] = {**asked, "types": wanted}


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m core.exchanges.ccxt.market_loader", description="List an exchange's markets as JSON.")
    parser.add_argument("exchange", help="as ccxt calls it, for example binanceusdm")
    parser.add_argument("--testnet", action="store_true", help="of its test network or demo trading")
    asked = parser.parse_args(arguments)
    try:
        access = Access("testnet" if asked.testnet else "public", None, EmulatorAddress.from_environment())
        loaded = asyncio.run(load_here(asked.exchange, access))
    except FathomError as error:
        sys.stderr.write(f"{error}\n{error.detail or ''}\n")
        return _NO_EXCHANGE if isinstance(error, UnknownVenue) else 1
    sys.stdout.buffer.write(orjson.dumps(loaded))
    return 0


if __name__ == "__main__":
    sys.exit(main())
