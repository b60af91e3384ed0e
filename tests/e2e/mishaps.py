"""Everything that FAULTS.md says can go wrong on the wire, one card each, dealt at random while a desk trades.

The truth is never touched; see `tests/emulator/faults.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from random import Random
from types import MappingProxyType
from typing import final

from tests.e2e.haste import LATE_S
from tests.emulator import Call, EmulatedVenue, Emulator, StreamKind, WireFault

SKEW_MS = 7_000  # more than any receive window
_GONE_S = 0.4
_HIT = (Call.CREATE, Call.CANCEL, Call.AMEND, Call.QUERY)

Mishap = Callable[[Emulator, EmulatedVenue], Awaitable[None]]


async def _cut_streams(kind: StreamKind, hard: bool, _: Emulator, venue: EmulatedVenue) -> None:
    await venue.kick(kind, hard=hard)


async def _freeze_streams(kind: StreamKind, _: Emulator, venue: EmulatedVenue) -> None:
    venue.freeze(kind)


async def _lose_account_events(_: Emulator, venue: EmulatedVenue) -> None:
    venue.faults.lose_account_events(3)


async def _skip_book_updates(_: Emulator, venue: EmulatedVenue) -> None:
    venue.faults.lose_book_updates(2)


async def _send_bad_frames(_: Emulator, venue: EmulatedVenue) -> None:
    venue.faults.send_bad_frames(2)


async def _jump_clock(by_ms: int, emulator: Emulator, venue: EmulatedVenue) -> None:
    """Of everything that keeps the exchange's time."""
    shared = venue.name.partition("_")[0] if venue.name.startswith("bybit") else venue.name
    for name, each in emulator.venues.items():
        if name.startswith(shared):
            each.faults.clock_skew_ms = by_ms


async def _refuse_connections(emulator: Emulator, venue: EmulatedVenue) -> None:
    await venue.refuse_connections()
    await emulator.clock.sleep(_GONE_S)
    await venue.refuse_connections(False)


async def _close_the_port(emulator: Emulator, _: EmulatedVenue) -> None:
    """All exchanges are gone for a moment, and every connection is cut."""
    await emulator.stop_listening()
    await emulator.clock.sleep(_GONE_S)
    await emulator.listen()


STREAM_MISHAPS: Mapping[str, Mishap] = MappingProxyType(
    {
        "market sockets cut": partial(_cut_streams, StreamKind.MARKET, True),
        "market sockets closed": partial(_cut_streams, StreamKind.MARKET, False),
        "private sockets cut": partial(_cut_streams, StreamKind.ACCOUNT, True),
        "private sockets closed": partial(_cut_streams, StreamKind.ACCOUNT, False),
        "market sockets frozen": partial(_freeze_streams, StreamKind.MARKET),
        "private sockets frozen": partial(_freeze_streams, StreamKind.ACCOUNT),
        "account events lost": _lose_account_events,
        "a gap in the book": _skip_book_updates,
        "frames that are no JSON": _send_bad_frames,
        "the venue's clock is ahead": partial(_jump_clock, SKEW_MS),
        "the venue's clock is behind": partial(_jump_clock, -SKEW_MS),
        "connections refused": _refuse_connections,
        "the port closed": _close_the_port,
    }
)


@final
class Saboteur:
    """Deals every mishap once in random order to random venues, each request fault to a random kind of request.

    Attributes:
        dealt: what has happened so far.
    """

    def __init__(self, emulator: Emulator, seed: int | str) -> None:
        self.dealt: list[str] = []
        self._emulator = emulator
        self._random = Random(f"mishaps/{seed}")
        for venue in emulator.venues.values():
            venue.faults.late_s = LATE_S

    async def deal(self, *, within_s: float) -> None:
        """The whole deck, evenly spread but for chance."""
        deck: list[WireFault | str] = [*WireFault, *STREAM_MISHAPS]
        self._random.shuffle(deck)
        for card in deck:
            await self._emulator.clock.sleep(self._random.uniform(0.2, 1.8) * within_s / len(deck))
            venue = self._random.choice(list(self._emulator.venues.values()))
            if isinstance(card, WireFault):
                call = self._random.choice(_HIT)
                venue.faults.next(call, card)
                self.dealt.append(f"{card.value} of {call.value} on {venue.name}")
            else:
                self.dealt.append(f"{card} on {venue.name}")
                await STREAM_MISHAPS[card](self._emulator, venue)

    async def for_ever(self, *, each_within_s: float) -> None:
        """Deck after deck, until cancelled."""
        while True:
            await self.deal(within_s=each_within_s)

    def calm(self) -> None:
        """Everything works again. Sockets that are frozen stay so."""
        for venue in self._emulator.venues.values():
            venue.faults.clear()


async def end(task: asyncio.Task[None]) -> None:
    """Stop it, and raise what it had failed with."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()
