"""`fathom record`: live markets into a recording, until Ctrl-C or for so many seconds."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gui.cli import Parser, names_of, seconds_of, symbol_of


def main(argv: Sequence[str]) -> int:
    """Record; 1 after one sentence on stderr when it can't be."""
    given = _parser().parse_args(argv)
    from core.domain.errors import FathomError

    if given.out.exists() and not given.force:
        sys.stderr.write(f"fathom: {given.out} exists already; --force writes it anew.\n")
        return 1
    try:
        return asyncio.run(_record(given))
    except FathomError as error:
        sys.stderr.write(f"fathom: {error}\n")
        return 1


async def _record(given: argparse.Namespace) -> int:
    from core.desk.record import record

    stop = asyncio.Event()
    with suppress(NotImplementedError):  # Windows: there Ctrl-C ends the loop itself, and the file is closed on the way out
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)

    _say(f"Recording {given.symbol} on {', '.join(given.venues)} into {given.out}; Ctrl-C ends it.")
    recorded = await record(given.symbol, given.venues, given.out, stop, _say, seconds=given.seconds)
    _say(f"{recorded.messages:,} messages of {', '.join(recorded.venues)} are in {given.out}.")
    return 0 if recorded.messages else 1


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="fathom record",
        description="Record the public order books and trades of one symbol; play them with: fathom --mode replay --replay FILE.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("out", metavar="FILE", type=Path, help="the recording, gzipped JSON lines: book.jsonl.gz")
    add("--venues", metavar="A,B", type=names_of, required=True, help="as in binance_spot,bybit_perp")
    add("--symbol", metavar="BASE/QUOTE", type=symbol_of, default="BTC/USDT", help="default BTC/USDT")
    add("--seconds", metavar="N", type=seconds_of, help="how long (default: until Ctrl-C)")
    add("--force", action="store_true", help="write over a file that exists")
    return parser
