"""One recording as a stream of market messages and notices, in its own time.

What can't be trusted becomes a gap: a damaged line, a price off the tick or a break in the
numbering costs that venue its book until the next snapshot, and the trader is told: of each kind of damage
three times at most, because a file may be damaged in every line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

from core.domain.errors import MarketDataError, RecordingError
from core.domain.events import Notice
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, FeedGap, MarketMessage
from core.exchanges.paper.replay_instruments import assume_instrument, fit_instrument
from core.market.recording import RecordedLine, Remark, decode, read_recording, stated_instrument
from core.market.sequence import broken_link, is_old

# Every venue of a recording must show up in so many lines: instruments are known before the first message is played.
PEEK_LINES = 2_000
_PREFERENCE = ("snapshot", "delta", "trade")
_MOST_OF_A_KIND = 3

Key = tuple[str, str]  # venue, symbol


class ReplayTrack:
    """A recording that has been looked into and can be played, any number of times.

    Attributes:
        starts_us: time of its first message.
        instruments: what is in it.
        with_snapshot: those whose first snapshot comes soon, be it empty; a player may wait for them.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            RecordingError: there is nothing to play.
        """
        self.path = path
        best: dict[Key, RecordedLine] = {}
        stated: dict[Key, Instrument] = {}
        with_snapshot: set[Key] = set()
        times: list[int] = []
        with closing(read_recording(path)) as items:
            for line in islice(items, PEEK_LINES):
                if isinstance(line, RecordedLine) and line.kind == "instrument":
                    with suppress(MarketDataError):  # then it is inferred, as where nothing is stated
                        stated[line.venue, line.symbol] = stated_instrument(line)
                elif isinstance(line, RecordedLine) and line.kind in _PREFERENCE:
                    times.append(line.time_us)
                    key = (line.venue, line.symbol)
                    if key not in best or _rank(line) < _rank(best[key]):
                        best[key] = line
                    if line.kind == "snapshot":
                        with_snapshot.add(key)
        if not times:
            raise RecordingError(f"{path.name} holds no line that Fathom can read.", detail=f"in the first {PEEK_LINES} lines")
        self.starts_us = times[0]
        self.instruments: Mapping[Key, Instrument] = {key: stated.get(key) or _fit(line) for key, line in best.items()}
        self.with_snapshot = frozenset(with_snapshot)

    def events(self) -> Iterator[MarketMessage | Notice]:
        """Everything in the recording, in order of `event_time_us`; never raises on damage."""
        player = _Player(self.path.name, self.instruments)
        with closing(read_recording(self.path)) as items:
            try:
                for item in items:
                    if isinstance(item, Remark):
                        yield from player.remark(item)
                    else:
                        yield from player.line(item)
            except RecordingError as error:  # it was readable a moment ago
                yield from player.remark(Remark(0, player.time_us, str(error), breaks_book=True, kind="unreadable", detail=error.detail))


def event_time_us(event: MarketMessage | Notice) -> int:
    """When an event of a track is due."""
    return event.ts_us if isinstance(event, Notice) else event.received_us


def _rank(line: RecordedLine) -> tuple[bool, int]:
    """How little a line tells of its instrument's grid: an empty book least of all."""
    is_empty = line.kind != "trade" and not line.fields["bids"] and not line.fields["asks"]
    return is_empty, _PREFERENCE.index(line.kind)


def _fit(line: RecordedLine) -> Instrument:
    fields = line.fields
    levels = [[fields["price"], fields["size"]]] if line.kind == "trade" else [*fields["bids"], *fields["asks"]]
    if not levels:
        return assume_instrument(line.venue, line.symbol, line.market_type)
    try:
        prices, sizes = zip(*levels, strict=True)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"The first levels of {line.venue} {line.symbol} are not prices and sizes.", detail=error) from None
    return fit_instrument(line.venue, line.symbol, line.market_type, prices, sizes)


class _Player:
    """Turns lines into messages, and remembers which books are gaps and what has been said."""

    def __init__(self, name: str, instruments: Mapping[Key, Instrument]) -> None:
        self.time_us = 0
        self._name = name
        self._instruments = instruments
        self._gaps: set[Key] = set()
        self._seq: dict[Key, int | None] = {}
        self._said: dict[str, set[str]] = {}

    def line(self, line: RecordedLine) -> Iterator[MarketMessage | Notice]:
        self.time_us = line.time_us
        if line.kind == "instrument":
            return
        key = (line.venue, line.symbol)
        instrument = self._instruments.get(key)
        if instrument is None:
            late = f"{self._name} brings {line.venue} {line.symbol} only after {PEEK_LINES:,} lines; it is left out."
            yield from self._say(late, "late")
            return
        try:
            message = decode(line, instrument)
        except MarketDataError as error:
            if line.kind == "trade":
                yield from self._say(f"{self._name} holds trades of {line.venue} that can't be read; they are left out.", "trades")
            else:
                yield from self._gap(key, f"Line {line.number:,} of {self._name} can't be used: {error}", "unusable")
            return
        if isinstance(message, FeedGap):
            yield from self._gap(key, message.reason, "recorded")
            return
        if isinstance(message, BookMessage):
            if message.is_snapshot:
                self._gaps.discard(key)
                self._seq[key] = message.seq
            elif key in self._gaps or is_old(message, self._seq.get(key)):
                return
            elif (broken := broken_link(message, self._seq.get(key))) is not None:
                yield from self._gap(key, f"In {self._name} {broken}", "sequence")
                return
            elif message.seq is not None:
                self._seq[key] = message.seq
        yield message

    def remark(self, remark: Remark) -> Iterator[MarketMessage | Notice]:
        self.time_us = max(self.time_us, remark.time_us)
        if not remark.breaks_book:
            yield from self._say(remark.sentence, remark.kind)
            return
        own = [key for key in self._instruments if key[0] == remark.venue]
        for key in own or self._instruments:
            yield from self._gap(key, remark.sentence, remark.kind)

    def _gap(self, key: Key, reason: str, kind: str) -> Iterator[MarketMessage | Notice]:
        if key in self._gaps:
            return
        self._gaps.add(key)
        self._seq.pop(key, None)
        venue, symbol = key
        yield FeedGap(venue, symbol, self.time_us, f"{reason.rstrip('.')}; waiting for a snapshot")
        sentence = f"{reason.rstrip('.')}. The book of {venue} is not used until its next snapshot."
        yield from self._say(sentence, f"{kind} on {venue} {symbol}")

    def _say(self, sentence: str, kind: str) -> Iterator[Notice]:
        """The same sentence once, and of a kind the first few."""
        said = self._said.setdefault(kind, set())
        if sentence in said or len(said) > _MOST_OF_A_KIND:
            return
        if len(said) == _MOST_OF_A_KIND:
            sentence = f"And more of the same in {self._name}, which is not said again."
        said.add(sentence)
        yield Notice(self.time_us, "warning", sentence)
