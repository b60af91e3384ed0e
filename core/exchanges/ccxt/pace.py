"""How often public data is asked for: as often as ccxt says on average, and a few at once after a quiet time.

WORKAROUND ccxt: its bucket does not refill while nobody waits, so that a snapshot of a book asked for minutes after the last one still
waits for that one's cost: a second on Binance's futures. Remove when `Throttler` counts idle time.
"""

from __future__ import annotations

import asyncio

# What may be asked for at once, as the time it would take at the average rate.
BURST_S = 3.0


class MarketPace:
    """Mixed in before a ccxt.pro class."""

    rateLimit: float  # ms for a request of cost 1, ccxt's  # noqa: N815 — its name

    _next_s = -BURST_S

    async def throttle(self, cost: float | None = None) -> None:
        """Return when a request of this cost may be sent; first come, first served."""
        now_s = asyncio.get_running_loop().time()
        turn_s = max(self._next_s, now_s - BURST_S)
        self._next_s = turn_s + (1.0 if cost is None else cost) * self.rateLimit / 1_000
        if turn_s > now_s:
            await asyncio.sleep(turn_s - now_s)
