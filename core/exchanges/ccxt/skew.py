"""Our clock against the venue's. A request signed too early or too late is turned away before it is looked at: surely not done.

ccxt keeps the difference in its options once it has asked; the desk's own clock is left alone.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, final

from core.domain.clock import MICROSECONDS, Clock
from core.exchanges.ccxt.wire import scrubbed

log = logging.getLogger(__name__)

# More often than this the clock is not asked for: a venue that still finds it off means something else.
AGAIN_US = MICROSECONDS
DEADLINE_S = 5.0


@final
class ClockSkew:
    """Corrects one client."""

    def __init__(self, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._asked_us: int | None = None
        self._turn = asyncio.Lock()

    @property
    def ms(self) -> int:
        """How far our clock is ahead of the venue's, as last measured."""
        return int(self._client.options.get("timeDifference") or 0)

    async def correct(self) -> bool:
        """Ask for the venue's time and sign with it from now on. False when it did not tell, or was asked a moment ago."""
        async with self._turn:
            now_us = self._clock.now_us()
            if self._asked_us is not None and now_us - self._asked_us < AGAIN_US:
                return False
            self._asked_us = now_us
            return await self.measure()

    async def measure(self) -> bool:
        """The same without a limit; False when the venue did not tell."""
        if not self._client.has.get("fetchTime"):
            return False
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._client.load_time_difference()
        except Exception as error:  # noqa: BLE001 — whatever went wrong with this question, the caller's own request tells more
            log.warning("%s did not tell its time: %s", self._client.id, scrubbed(error, self._client))
            return False
        log.info("our clock is %d ms ahead of %s", self.ms, self._client.id)
        return True
