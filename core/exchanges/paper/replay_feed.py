"""Plays recordings as if they were happening: in real time, N times faster, or as fast as the data can be read.

At speed 'max' time is simulated and the recording would be over before the trader has clicked once. So it waits:
it plays until every venue has a book, and goes on only while somebody wants it to (`wanted`), which the
desk says as long as an order is being worked.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

from core.domain.clock import MICROSECONDS, Clock, ScaledClock, SimulatedClock
from core.domain.errors import BadRequest, RecordingError
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage
from core.exchanges.paper.feed import MessageListener, NoticeListener
from core.exchanges.paper.replay_track import Key, ReplayTrack, event_time_us

Speed = float | Literal["max"]

# Messages are handled in one go for at most this long, then the window gets its turn.
_BUDGET_S = 0.004
# How often a waiting recording asks whether it is wanted.
_POLL_S = 0.01
_MOST_APART_US = 3_600 * MICROSECONDS


class ReplayFeed:
    """A feed of one or more recordings, merged by their receive times.

    Attributes:
        clock: the recording's time; everything that trades on the feed lives on it.
        speed: 1 is real time, N is N times faster, 'max' as fast as the data can be read.
        wanted: asked at 'max' whether to go on. None: nobody holds it up and it ends with its last message.
    """

    def __init__(self, paths: Sequence[Path], clock: Clock | None = None, speed: Speed = 1.0) -> None:
        """Looks into the recordings; nothing is played yet.

        Args:
            clock: None makes the one that fits: simulated at 'max', else scaled, from the first message's time.

        Raises:
            RecordingError: a recording that can't be played, or recordings that don't go together.
            BadRequest: no recordings, a speed that is not positive, or 'max' without a simulated clock.
        """
        if not paths:
            raise BadRequest("Name at least one recording to replay.")
        self._tracks = [ReplayTrack(Path(path)) for path in paths]
        self._instruments = _combine(self._tracks)
        self._starts_us = min(track.starts_us for track in self._tracks)
        if clock is None:
            clock = SimulatedClock(self._starts_us) if speed == "max" else ScaledClock(self._starts_us, speed)
        if speed == "max" and not isinstance(clock, SimulatedClock):
            raise BadRequest("A replay at speed 'max' needs a simulated clock.")
        self.clock = clock
        self.speed = speed
        self.wanted: Callable[[], bool] | None = None
        self._ended = asyncio.Event()
        self._freely = False
        self._without_book = set().union(*(track.with_snapshot for track in self._tracks))
        self._listeners: dict[str, list[MessageListener]] = {}
        self._notice_listeners: list[NoticeListener] = []

    @property
    def finished(self) -> bool:
        """Whether the last message has been played; `run` may go on serving time."""
        return self._ended.is_set()

    async def ended(self) -> None:
        """Return when the last message has been played."""
        await self._ended.wait()

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        """Venue -> symbol -> instrument."""
        return self._instruments

    def attach(self, venue: str, listener: MessageListener) -> None:
        """Call `listener` with every message of `venue` from now on."""
        self._listeners.setdefault(venue, []).append(listener)

    def on_notice(self, listener: NoticeListener) -> None:
        """Call `listener` when playing starts and ends, and once for each kind of damage."""
        self._notice_listeners.append(listener)

    def run_freely(self) -> None:
        """At 'max', no longer wait to be wanted before playing on."""
        self._freely = True

    async def run(self) -> None:
        """Play everything. At 'max' and with `wanted` set, time goes on being served after the end, until cancelled."""
        names = ", ".join(self._instruments)
        self._notify(f"Playing {names} from {datetime.fromtimestamp(self._starts_us / MICROSECONDS, UTC):%d %B %Y, %H:%M:%S} UTC.")
        if isinstance(self.clock, SimulatedClock) and self.speed == "max":
            await self._play_fast(self.clock)
        else:
            await self._play_in_time()

    async def _play_in_time(self) -> None:
        started = time.perf_counter()
        for event in self._events():
            if event_time_us(event) > self.clock.now_us():
                await self.clock.sleep_until(event_time_us(event))
                started = time.perf_counter()
            elif time.perf_counter() - started > _BUDGET_S:
                await asyncio.sleep(0)
                started = time.perf_counter()
            self._deliver(event)
        self._end()

    async def _play_fast(self, clock: SimulatedClock) -> None:
        for event in self._events():
            while not self._may_go_on():  # noqa: ASYNC110 - `wanted` is a question to the desk; it announces no event
                await asyncio.sleep(_POLL_S)
            if clock.held:
                await clock.settle()
            due_us = event_time_us(event)
            wake_us = clock.next_deadline_us()
            if wake_us is not None and wake_us <= due_us:
                await clock.advance_to(due_us)
            else:
                clock.jump_to(due_us)
            self._deliver(event)
            await asyncio.sleep(0)
        self._end()
        while self.wanted is not None:
            await self._serve_time(clock, self.wanted)

    async def _serve_time(self, clock: SimulatedClock, wanted: Callable[[], bool]) -> None:
        """After the end: move to the next sleeper's deadline as long as somebody waits for one."""
        wake_us = clock.next_deadline_us()
        if wake_us is not None and wanted():
            await clock.settle()
            await clock.advance_to(wake_us)
        else:
            await asyncio.sleep(_POLL_S)

    def _may_go_on(self) -> bool:
        return self._freely or self.wanted is None or bool(self._without_book) or self.wanted()

    def _events(self) -> Iterator[MarketMessage | Notice]:
        return heapq.merge(*(track.events() for track in self._tracks), key=event_time_us)

    def _deliver(self, event: MarketMessage | Notice) -> None:
        if isinstance(event, Notice):
            for notice_listener in self._notice_listeners:
                notice_listener(event)
            return
        if isinstance(event, BookMessage) and event.is_snapshot:
            self._without_book.discard((event.venue, event.symbol))
        for listener in self._listeners.get(event.venue, ()):
            listener(event)

    def _notify(self, sentence: str) -> None:
        self._deliver(Notice(self.clock.now_us(), "info", sentence))

    def _end(self) -> None:
        self._ended.set()
        self._notify("The recording has ended; its books grow stale from here.")


def _combine(tracks: Sequence[ReplayTrack]) -> dict[str, dict[str, Instrument]]:
    """All instruments by venue and symbol.

    Raises:
        RecordingError: two recordings of the same book, or of different times.
    """
    for first, second in pairwise(sorted(tracks, key=lambda track: track.starts_us)):
        if second.starts_us - first.starts_us > _MOST_APART_US:
            raise RecordingError(f"{first.path.name} and {second.path.name} start more than an hour apart; play them one at a time.")
    origin: dict[Key, str] = {}
    combined: dict[str, dict[str, Instrument]] = {}
    for track in tracks:
        for (venue, symbol), instrument in track.instruments.items():
            if (venue, symbol) in origin:
                raise RecordingError(f"{origin[venue, symbol]} and {track.path.name} both hold {venue} {symbol}; play one of them.")
            origin[venue, symbol] = track.path.name
            combined.setdefault(venue, {})[symbol] = instrument
    return combined
