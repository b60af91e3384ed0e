"""Says that the computer's clock was set back: Fathom goes on by its own time, so what it shows is not what the wall shows."""

from __future__ import annotations

from collections.abc import Callable

from core.domain.clock import SystemClock

LOOK_S = 10.0
# Less than this nobody notices.
TELLING_S = 2.0


async def watch_clock(clock: SystemClock, tell: Callable[[str, str], None]) -> None:
    """Look now and then, for ever. `tell`: level and sentence of a notice."""
    told = False
    while True:
        await clock.sleep(LOOK_S)
        ahead_s = clock.ahead_s
        if not told and ahead_s > TELLING_S:
            set_back = f"This computer's clock was set back by about {ahead_s:.0f} s"
            tell("warning", f"{set_back}. Times shown, and those that orders end at, are ahead for a while.")
        told = ahead_s > TELLING_S
