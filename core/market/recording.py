"""Recordings: gzipped JSON lines, one exchange message a line, read as a stream.

A recording that is damaged in the middle is still played: what can't be read becomes a `Remark`,
and a remark that `breaks_book` means that a book can't be trusted until its next snapshot. Only a file
that holds nothing to play raises. Perps are recorded as `BTC/USDT:USDT`; here they are `BTC/USDT` like everywhere.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, Any

import orjson

from core.domain.clock import MICROSECONDS
from core.domain.enums import MarketType, OrderSide
from core.domain.errors import MarketDataError, RecordingError
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, FeedGap, MarketMessage, PublicTrade

_GZIP_MAGIC = b"\x1f\x8b"
_REQUIRED: Mapping[str, frozenset[str]] = {
    "snapshot": frozenset({"venue", "symbol", "ts", "bids", "asks"}),
    "delta": frozenset({"venue", "symbol", "ts", "bids", "asks"}),
    "trade": frozenset({"venue", "symbol", "ts", "price", "size", "side", "id"}),
    "gap": frozenset({"venue", "symbol", "ts", "reason"}),  # ours: the recorder itself lost messages here
    "instrument": frozenset({"venue", "symbol", "ts", "tick", "lot"}),  # ours: the venue's rules, before its first message
}
# `source` names the original market of a composite recording.
_OPTIONAL = frozenset({"type", "rx", "seq", "prev", "source"})
_RULES = ("size_unit", "min_amount", "min_notional", "taker_fee", "maker_fee")
# Real skew is seconds. One damaged digit in a time would otherwise hold up everything behind it.
_MOST_SKEW_US = 86_400 * MICROSECONDS
_VENUE_IN_TEXT = re.compile(rb'"venue"\s*:\s*"(\w+)"')
_TYPE_IN_TEXT = re.compile(rb'"type"\s*:\s*"(\w+)"')


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """One readable line.

    Attributes:
        number: in the file, from 1.
        time_us: when it was received (`rx`; the exchange's time where there is none), never less than the line before.
        kind: 'snapshot', 'delta', 'trade', 'gap' or 'instrument'.
        symbol: Fathom's word for it, without the settlement currency.
        fields: the line as decoded.
    """

    number: int
    time_us: int
    kind: str
    venue: str
    symbol: str
    market_type: MarketType
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the trader should know about the file.

    Attributes:
        number: of the line, from 1.
        sentence: one calm sentence.
        breaks_book: a book message is lost here.
        kind: the same for all remarks that differ only in their line.
        venue: whose; None when that can't be told, so that it may be any of the file's.
        detail: for the log.
    """

    number: int
    time_us: int
    sentence: str
    breaks_book: bool
    kind: str
    venue: str | None = None
    detail: object = None


def read_recording(path: Path) -> Generator[RecordedLine | Remark, None, None]:
    """Every line of `path` in order, and remarks where they belong. Close it when you stop early.

    Raises:
        RecordingError: missing, empty, not a recording, or without a single usable line.
    """
    reader = _Reader(path.name)
    number, intact = 0, True
    try:
        with _open(path) as file:
            for number, raw in enumerate(file, start=1):
                if not raw.isspace():
                    yield from reader.read(number, raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        intact = False
        sentence = f"{path.name} is cut off or damaged after line {number:,}; what came before was played."
        yield reader.remark(number, sentence, "cut off", detail=error)
    except OSError as error:
        raise RecordingError(f"{path.name} can't be read.", detail=error) from error
    if intact and not number:
        raise RecordingError(f"{path.name} is empty.", detail=path)
    if not reader.usable:
        raise RecordingError(f"{path.name} holds no line that Fathom can read.", detail=path)


def decode(line: RecordedLine, instrument: Instrument) -> MarketMessage:
    """A line as a message, in ticks and size units of `instrument`.

    Raises:
        MarketDataError: a price off the tick, a size that is no number, levels that are no pairs.
    """
    fields = line.fields
    where = f"line {line.number:,} of {line.venue}"
    if line.kind == "gap":
        return FeedGap(line.venue, line.symbol, line.time_us, str(fields["reason"]))
    if line.kind == "trade":
        (price,), (size,) = instrument.parse_ticks([fields["price"]]), instrument.parse_units([fields["size"]])
        try:
            side = OrderSide(fields["side"])
        except ValueError as error:
            raise MarketDataError(f"{where}: a trade is neither bought nor sold.", detail=error) from None
        return PublicTrade(line.venue, line.symbol, fields["ts"] * 1_000, line.time_us, price, size, side, str(fields["id"]))
    bid_prices, bid_sizes = _columns(fields["bids"], where)
    ask_prices, ask_sizes = _columns(fields["asks"], where)
    return BookMessage(
        is_snapshot=line.kind == "snapshot",
        venue=line.venue,
        symbol=line.symbol,
        ts_us=fields["ts"] * 1_000,
        received_us=line.time_us,
        seq=fields.get("seq"),
        prev_seq=fields.get("prev"),
        bid_ticks=instrument.parse_ticks(bid_prices),
        bid_sizes=instrument.parse_units(bid_sizes),
        ask_ticks=instrument.parse_ticks(ask_prices),
        ask_sizes=instrument.parse_units(ask_sizes),
    )


def stated_instrument(line: RecordedLine) -> Instrument:
    """The instrument that a line of the kind 'instrument' states. What it leaves out is the usual.

    Raises:
        MarketDataError: a number that is none, or is negative.
    """
    fields = line.fields
    try:
        numbers = {name: Decimal(fields[name]) for name in ("tick", "lot", *_RULES) if name in fields}
    except (InvalidOperation, TypeError, ValueError) as error:
        raise MarketDataError(f"line {line.number:,} of {line.venue}: a rule is not a number.", detail=error) from None
    # A maker's fee may be a rebate.
    if any(not number.is_finite() or (number < 0 and name != "maker_fee") for name, number in numbers.items()):
        raise MarketDataError(f"line {line.number:,} of {line.venue}: a rule can't be right.", detail=fields)
    others: dict[str, Any] = {name: number for name, number in numbers.items() if name in _RULES}
    others["fee_in_base"] = fields.get("fee_in_base") is True
    return Instrument(line.venue, line.symbol, line.market_type, numbers["tick"], numbers["lot"], **others)


def _columns(levels: Sequence[Any], where: str) -> tuple[list[str], list[str]]:
    try:
        return [price for price, _ in levels], [size for _, size in levels]
    except (TypeError, ValueError) as error:
        raise MarketDataError(f"{where}: a level is not a price and a size.", detail=error) from None


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise RecordingError(f"There is no recording {path.name}.", detail=path) from error
    except OSError as error:
        raise RecordingError(f"{path.name} can't be read.", detail=error) from error
    magic = file.read(2)
    file.seek(0)
    if magic == _GZIP_MAGIC:
        file.close()
        return gzip.open(path, "rb")
    if magic and path.suffix == ".gz":
        file.close()
        raise RecordingError(f"{path.name} is not a gzip file.", detail=f"starts with {magic!r}")
    return file


class _Reader:
    """Checks one file's lines one by one; remembers what has been remarked on."""

    def __init__(self, name: str) -> None:
        self.usable = 0
        self._name = name
        self._time_us = 0
        self._noted: set[str] = set()

    def remark(
        self, number: int, sentence: str, kind: str, *, venue: str | None = None, breaks_book: bool = True, detail: object = None
    ) -> Remark:
        return Remark(number, self._time_us, sentence, breaks_book, kind, venue, detail)

    def read(self, number: int, raw: bytes) -> Iterator[RecordedLine | Remark]:
        try:
            fields = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            yield self._damage(number, raw, "is not JSON", error)
            return
        if not isinstance(fields, dict):
            yield self._damage(number, raw, "is not a message", raw[:200])
            return
        kind = str(fields.get("type"))
        required = _REQUIRED.get(kind)
        if required is None:
            if "bids" in fields or "asks" in fields:
                yield self._damage(number, raw, f"has the unknown type {kind!r}", raw[:200])
            else:
                yield from self._once(number, f"{self._name} holds lines of the type {kind!r}, which Fathom leaves out.", "type")
            return
        if (reason := _fault(fields, required)) is not None:
            yield self._damage(number, raw, reason, raw[:200])
            return
        unknown = fields.keys() - required - _OPTIONAL
        if kind == "instrument":
            unknown -= {*_RULES, "fee_in_base"}
        if unknown:
            sentence = f"{self._name} holds fields that Fathom does not know: {', '.join(sorted(unknown))}."
            yield from self._once(number, sentence, "fields")
        time_us = fields.get("rx") or fields["ts"] * 1_000
        if time_us < self._time_us:
            sentence = f"{self._name} runs back in time in places; such lines are played late, not left out."
            yield from self._once(number, sentence, "order")
        self._time_us = max(self._time_us, time_us)
        self.usable += kind != "instrument"
        symbol, _, settlement = fields["symbol"].partition(":")
        is_perp = bool(settlement) or fields["venue"].endswith("_perp")
        market_type = MarketType.PERP if is_perp else MarketType.SPOT
        yield RecordedLine(number, self._time_us, kind, fields["venue"], symbol, market_type, fields)

    def _damage(self, number: int, raw: bytes, reason: str, detail: object) -> Remark:
        venue, kind = _VENUE_IN_TEXT.search(raw), _TYPE_IN_TEXT.search(raw)
        return self.remark(
            number,
            f"Line {number:,} of {self._name} {reason} and is left out.",
            "damage",
            venue=venue[1].decode() if venue else None,
            breaks_book=kind is None or kind[1] != b"trade",  # a lost trade leaves the book as it is
            detail=detail,
        )

    def _once(self, number: int, sentence: str, kind: str) -> Iterator[Remark]:
        if sentence not in self._noted:
            self._noted.add(sentence)
            yield self.remark(number, sentence, kind, breaks_book=False)


def _fault(fields: Mapping[str, Any], required: frozenset[str]) -> str | None:
    """What keeps a message from being used, as the end of a sentence; None when nothing does."""
    missing = required - fields.keys()
    if missing:
        return f"lacks {', '.join(sorted(missing))}"
    if not isinstance(fields["venue"], str) or not isinstance(fields["symbol"], str) or "/" not in fields["symbol"]:
        return "names no venue and symbol"
    for name in ("ts", "rx"):
        value = fields.get(name, 1)
        if type(value) is not int or value <= 0:
            return f"has no usable time in {name}"
    if abs(fields.get("rx", fields["ts"] * 1_000) - fields["ts"] * 1_000) > _MOST_SKEW_US:
        return "was received a day or more from when it was sent"
    for name in ("seq", "prev"):
        if name in fields and type(fields[name]) is not int:
            return f"has no usable number in {name}"
    if "bids" in required and not (isinstance(fields["bids"], list) and isinstance(fields["asks"], list)):
        return "has no lists of levels"
    return None
