"""The exchanges by hand: a lively made-up market behind Binance's and Bybit's own words, until Ctrl-C.

`python -m tests.emulator` prints the one setting that sends Fathom here instead of to the real exchanges.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from core.domain.clock import SystemClock
from core.exchanges.ccxt.access import EMULATOR_VARIABLE
from core.exchanges.paper.synthetic import SyntheticFeed
from tests.emulator.server import Emulator
from tests.emulator.wire import KEY, SECRET

VENUES = ("binance_spot", "binance_perp", "bybit_spot", "bybit_perp")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description="Binance and Bybit on loopback, for clients of ccxt.")
    parser.add_argument("--port", type=int, default=9443, help="0 takes a free one (default: 9443)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed is the same market (default: 7)")
    parser.add_argument("--latency", type=float, default=15.0, metavar="MS", help="mean round trip of a request (default: 15)")
    ca_file = Path(tempfile.gettempdir()) / "fathom-emulator-ca.pem"
    parser.add_argument("--ca", type=Path, default=ca_file, help=f"where the CA file goes (default: {ca_file})")
    return parser.parse_args(words)


async def serve(words: Sequence[str] | None = None) -> None:
    """Serve until cancelled; says where, with which setting and with which key."""
    chosen = _arguments(words)
    clock = SystemClock()
    feed = SyntheticFeed(clock, chosen.seed, VENUES)
    ca_file = chosen.ca.resolve()
    async with Emulator(feed, clock, latency_ms=chosen.latency, seed=chosen.seed, port=chosen.port, ca_file=ca_file) as emulator:
        print(f'export {EMULATOR_VARIABLE}="{emulator.address}"  # key {KEY}, secret {SECRET}', flush=True)
        await emulator.closing.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
