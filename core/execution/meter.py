"""How much others have traded while a parent worked: what a participation cap is a part of.

It counts whole seconds from the one after the start, so it never counts what was there before; paused time does not
count; and what it has counted it keeps, longer than the tape remembers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.orders import Fill
from core.market.tape import MarketTape

ZERO = Decimal(0)


@final
class VolumeMeter:
    """One parent's. Read it at every look: the tape forgets after some hours.

    Args:
        before: what was counted before a restart; the tape of that time is gone. None for a parent that starts now.
    """

    def __init__(self, tape: MarketTape, clock: Clock, symbol: str, venues: tuple[str, ...], before: Decimal | None = None) -> None:
        self._goes_on = before is not None
        self._tape = tape
        self._clock = clock
        self._symbol = symbol
        self._venues = venues
        self._started_us: int | None = None
        self._next_second = 0
        self._counted = before or ZERO
        self._own = ZERO
        self._heard = before is not None

    def exclude(self, fill: Fill) -> None:
        """A fill of ours that is on the tape as well."""
        if fill.symbol == self._symbol and fill.venue in self._venues:
            self._own += fill.amount

    def read(self, started_us: int) -> Decimal | None:
        """Base that others traded since the start; None while no trade of these venues was ever heard of.

        Args:
            started_us: when the parent started, moved on by all the time it was paused.
        """
        if not self._venues:
            return None
        now_us = self._clock.now_us()
        if self._started_us is None:
            first_us = now_us if self._goes_on else started_us
            self._started_us, self._next_second = started_us, first_us // MICROSECONDS + 1
        paused_us, self._started_us = started_us - self._started_us, started_us
        if paused_us > 0:  # the pause has just ended: what traded meanwhile is passed over
            self._count_to((now_us - paused_us) // MICROSECONDS)
            self._next_second = now_us // MICROSECONDS + 1
        # The second under way is not over: it is read now and counted later.
        self._count_to(now_us // MICROSECONDS - 1)
        total = self._counted + self._between(self._next_second, now_us // MICROSECONDS)
        self._heard = self._heard or total > 0 or self._tape.traded(self._symbol, self._venues, 0, now_us) > 0
        return max(total - self._own, ZERO) if self._heard else None

    def _count_to(self, second: int) -> None:
        """Count for good all seconds up to and including this one."""
        if second >= self._next_second:
            self._counted += self._between(self._next_second, second)
            self._next_second = second + 1

    def _between(self, first: int, last: int) -> Decimal:
        if last < first:
            return ZERO
        return self._tape.traded(self._symbol, self._venues, first * MICROSECONDS, last * MICROSECONDS)
