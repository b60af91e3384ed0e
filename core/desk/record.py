"""Recordings of live markets: every message as our books take it, with the venues' rules in front, so that a replay is the same market.

The feed is the one that paper trading lives on, which can't sign. A venue that can't be reached is left out and told; a break
in a stream is written as a gap. The file is closed properly however the recording ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from core.desk.exchanges import find_venues, live_feed
from core.domain.clock import Clock, SystemClock
from core.domain.errors import BadRequest, FathomError, VenueUnavailable
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage
from core.exchanges.paper.feed import MessageListener, NoticeListener
from core.market.recording_writer import RecordingWriter

Tell = Callable[[str], None]


class LiveSource(Protocol):
    """A feed on demand: `core.exchanges.paper.feed.Feed` and `OnDemandFeed` in one."""

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]: ...

    def attach(self, venue: str, listener: MessageListener) -> None: ...

    def on_notice(self, listener: NoticeListener) -> None: ...

    async def run(self) -> None: ...

    async def prepare(self, venue: str) -> None: ...

    async def watch(self, venue: str, symbol: str) -> None: ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class Recorded:
    """What is in the file so far.

    Attributes:
        venues: that are being recorded.
        messages: market messages written; gaps count.
    """

    venues: tuple[str, ...] = ()
    messages: int = 0


@dataclass(frozen=True, slots=True)
class _End:
    """When a recording is over."""

    stop: asyncio.Event
    seconds: float | None
    clock: Clock

    async def wait(self) -> None:
        waits: set[asyncio.Future[Any]] = {asyncio.ensure_future(self.stop.wait())}
        if self.seconds is not None:
            waits.add(asyncio.ensure_future(self.clock.sleep(self.seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in waits:
                waiting.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


async def record(
    symbol: str,
    venues: Sequence[str],
    path: Path,
    stop: asyncio.Event,
    tell: Tell,
    *,
    seconds: float | None = None,
    clock: Clock | None = None,
    source: LiveSource | None = None,
) -> Recorded:
    """Record `symbol` on `venues` into `path` until `stop` is set, or for `seconds` from when everything is subscribed.

    Args:
        symbol: `BTC/USDT`, the same word for spot and perp.
        venues: names as people say them; each once.
        tell: called with one sentence for the person at the terminal.
        source: what is recorded; by default the exchanges' public streams. It is closed at the end.

    Raises:
        BadRequest: no venue, or none of them trades the symbol.
        UnknownVenue: not a venue's name.
        VenueUnavailable: none of them can be reached.
        RecordingError: the file can't be made.
    """
    names = find_venues(venues)
    if not names:
        raise BadRequest("Name at least one venue to record, as in binance_spot,bybit_perp.")
    clock = clock or SystemClock()
    feed = source or live_feed(names, clock)
    try:
        instruments = await _reach(feed, names, symbol, tell)
        with RecordingWriter(path) as writer:
            return await _write(feed, instruments, writer, _End(stop, seconds, clock), tell, clock)
    finally:
        await feed.close()


async def _reach(feed: LiveSource, venues: Sequence[str], symbol: str, tell: Tell) -> dict[str, Instrument]:
    """The instruments of the venues that answer and trade `symbol`."""
    answers = await asyncio.gather(*(feed.prepare(venue) for venue in venues), return_exceptions=True)
    reached: dict[str, Instrument] = {}
    silent = 0
    for venue, answer in zip(venues, answers, strict=True):
        if isinstance(answer, FathomError):
            silent += 1
            tell(str(answer))
        elif isinstance(answer, BaseException):
            raise answer
        elif symbol in feed.instruments()[venue]:
            reached[venue] = feed.instruments()[venue][symbol]
        else:
            tell(f"{venue} does not trade {symbol} and is left out.")
    if not reached:
        if silent == len(venues):
            raise VenueUnavailable("None of the venues can be reached; nothing was recorded.")
        raise BadRequest(f"None of the venues that answer trades {symbol}; nothing was recorded.")
    return reached


async def _write(
    feed: LiveSource, instruments: Mapping[str, Instrument], writer: RecordingWriter, end: _End, tell: Tell, clock: Clock
) -> Recorded:
    recorded = Recorded(tuple(instruments))

    def take(instrument: Instrument, message: MarketMessage) -> None:
        if message.symbol == instrument.symbol:
            writer.write(message, instrument)
            recorded.messages += 1

    def pass_on(notice: Notice) -> None:
        tell(notice.sentence)

    feed.on_notice(pass_on)
    for venue, instrument in instruments.items():
        writer.write_instrument(instrument, clock.now_us())
        feed.attach(venue, partial(take, instrument))
    pump = asyncio.ensure_future(feed.run())
    try:
        subscribed = await asyncio.gather(*(feed.watch(venue, one.symbol) for venue, one in instruments.items()), return_exceptions=True)
        for answer in subscribed:
            if isinstance(answer, FathomError):
                tell(str(answer))
            elif isinstance(answer, BaseException):
                raise answer
        await end.wait()
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
    if not recorded.messages:
        tell("No message came; the recording is empty.")
    return recorded
