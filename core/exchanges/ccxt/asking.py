"""One request to a venue, with a deadline of our own, judged when it fails. A create is asked once, whatever happens.

Anything else may be asked a second time in one case: the venue found our clock off, so it surely did nothing, and the clock has
been corrected since.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, final

from core.domain.errors import VenueError
from core.exchanges.ccxt.outcomes import Ask, judged, proof
from core.exchanges.ccxt.refusals import Proof
from core.exchanges.ccxt.skew import ClockSkew
from core.exchanges.ccxt.wire import tracing, watch_wire

T = TypeVar("T")

# Shorter than the window in which a request may still arrive (core/execution/evidence.py), longer than any healthy answer.
DEADLINE_S = 10.0


@final
class Asking:
    """Sends one venue's requests through a ccxt client.

    Attributes:
        latency_ms: round trip of the last order, change or cancel that was answered; None before the first.
    """

    def __init__(self, venue: str, client: Any, skew: ClockSkew, deadline_s: float = DEADLINE_S) -> None:
        self.latency_ms: float | None = None
        self._venue = venue
        self._client = client
        self._skew = skew
        self._deadline_s = deadline_s
        watch_wire(client)

    async def ask(self, what: Ask, call: Callable[[], Awaitable[T]]) -> T:
        """The answer to `call`.

        Raises:
            VenueError: see `outcomes.judged`.
        """
        answer, error, proven = await self._once(what, call)
        if error is not None and proven is Proof.SKEWED and await self._skew.correct() and what is not Ask.CREATE:
            answer, error, proven = await self._once(what, call)
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]  # there is one where there is no error

    async def settle(self, what: Ask, call: Callable[[], Awaitable[object]]) -> None:
        """Ask for something to be so; that it was so already is a success.

        Raises:
            VenueError: see `outcomes.judged`.
        """
        _, error, proven = await self._once(what, call)
        if error is not None and proven is Proof.SKEWED and await self._skew.correct():
            _, error, proven = await self._once(what, call)
        if error is not None and proven is not Proof.UNCHANGED:
            raise error

    async def _once(self, what: Ask, call: Callable[[], Awaitable[T]]) -> tuple[T | None, VenueError | None, Proof | None]:
        """Nothing of ccxt's exception survives this: its message and its traceback hold what signs."""
        began = time.perf_counter()
        with tracing() as trace:
            try:
                async with asyncio.timeout(self._deadline_s):
                    answer = await call()
            except VenueError as error:
                return None, error, None
            except Exception as error:  # noqa: BLE001 — whatever it is, the request may have been carried out: it is judged
                proven = proof(error, trace, self._client.id)
                return None, judged(error, proven, what, trace, self._venue, self._client), proven
        if what in (Ask.CREATE, Ask.CANCEL, Ask.AMEND):
            self.latency_ms = (time.perf_counter() - began) * 1000
        return answer, None, None
