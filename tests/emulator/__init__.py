"""Binance and Bybit on loopback: real sockets, real TLS, their own words; only the market and the money are ours.

ccxt's unmodified clients trade here and can't tell. What is *true* is `PaperExchange`'s business and can be
asked of `emulator.venues[name].truth`; what the wire *says* may be late, cut or lost. May import core and
aiohttp; nothing in core or gui imports it. Start reading at `server.py`, then `world.py`; one exchange's words
are in `binance_*.py` and `bybit_*.py`, each behind a `*_routes.py`. By hand: `python -m tests.emulator`.
"""

from tests.emulator.faults import Call, WireFault, WireFaults
from tests.emulator.hand_feed import HandFeed
from tests.emulator.server import Emulator, Request
from tests.emulator.streams import Stream, StreamKind
from tests.emulator.wire import KEY, SECRET
from tests.emulator.world import EmulatedVenue

__all__ = ["KEY", "SECRET", "Call", "EmulatedVenue", "Emulator", "HandFeed", "Request", "Stream", "StreamKind", "WireFault", "WireFaults"]
