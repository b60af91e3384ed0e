"""How far an exchange's clock is from ours, as well as a round trip can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.domain.clock import Clock
from core.domain.errors import NotPossible
from core.exchanges.ccxt.outcomes import Ask, judged, proof
from core.exchanges.ccxt.wire import tracing


@dataclass(frozen=True, slots=True)
class ServerTime:
    """One reading, in µs.

    Attributes:
        ahead_us: the exchange's clock less ours, at the middle of the round trip; off by half of that at most.
        round_trip_us: from asking to the answer.
    """

    ahead_us: int
    round_trip_us: int


async def server_time(client: Any, clock: Clock) -> ServerTime:
    """Ask a ccxt client's exchange for the time, once.

    Raises:
        NotPossible: it does not tell.
        VenueError: it could not be asked.
    """
    if not client.has.get("fetchTime"):
        raise NotPossible(f"{client.id} tells no time.")
    asked_us = clock.now_us()
    with tracing() as trace:
        try:
            told_ms = await client.fetch_time()
        except Exception as error:  # noqa: BLE001 — whatever it is, `judged` makes it one of ours
            raise judged(error, proof(error, trace, client.id), Ask.QUERY, trace, client.id, client) from None
    answered_us = clock.now_us()
    return ServerTime(int(told_ms) * 1_000 - (asked_us + answered_us) // 2, answered_us - asked_us)
