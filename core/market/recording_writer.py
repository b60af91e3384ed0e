"""Writes what a venue sends in the format that `recording.py` reads.

A gap is written too, as a line of its own: a recording must not make a broken book look whole.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from core.domain.enums import MarketType
from core.domain.errors import RecordingError
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, FeedGap, MarketMessage, PublicTrade


class RecordingWriter:
    """One recording being written; use it as a context manager, or the file lacks its end."""

    def __init__(self, path: Path) -> None:
        """Starts the file anew.

        Raises:
            RecordingError: the file can't be made.
        """
        try:
            self._file = gzip.open(path, "wb", compresslevel=6)  # noqa: SIM115 - open as long as this object is
        except OSError as error:
            raise RecordingError(f"{path.name} can't be written.", detail=error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Finish the file. Closing twice is harmless."""
        self._file.close()

    def write_instrument(self, instrument: Instrument, now_us: int) -> None:
        """State an instrument's rules, so that a replay need not infer them; before its first message.

        Args:
            now_us: µs since the Unix epoch.
        """
        rules = {
            "tick": instrument.tick,
            "lot": instrument.lot,
            "size_unit": instrument.size_unit,
            "min_amount": instrument.min_amount,
            "min_notional": instrument.min_notional,
            "taker_fee": instrument.taker_fee,
            "maker_fee": instrument.maker_fee,
        }
        head = {"type": "instrument", "ts": now_us // 1_000, **_where(instrument, now_us)}
        self._append(head | {name: f"{number:f}" for name, number in rules.items()} | {"fee_in_base": instrument.fee_in_base})

    def write(self, message: MarketMessage, instrument: Instrument) -> None:
        """Append one message whose ticks and units are those of `instrument`."""
        self._append(_fields(message, instrument))

    def _append(self, fields: dict[str, object]) -> None:
        self._file.write(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))


def _where(instrument: Instrument, received_us: int) -> dict[str, object]:
    is_perp = instrument.market_type is MarketType.PERP
    symbol = f"{instrument.symbol}:{instrument.quote}" if is_perp else instrument.symbol
    return {"rx": received_us, "venue": instrument.venue, "symbol": symbol}


def _fields(message: MarketMessage, instrument: Instrument) -> dict[str, object]:
    where = _where(instrument, message.received_us)
    if isinstance(message, FeedGap):
        return {"type": "gap", "ts": message.received_us // 1_000, **where, "reason": message.reason}
    head: dict[str, object] = {"ts": message.ts_us // 1_000, **where}
    if isinstance(message, PublicTrade):
        (price, size), *_ = _levels([message.price_ticks], [message.size_units], instrument)
        return {"type": "trade", **head, "price": price, "size": size, "side": message.side.value, "id": message.trade_id}
    return {"type": "snapshot" if message.is_snapshot else "delta", **head, **_numbering(message), **_book(message, instrument)}


def _numbering(message: BookMessage) -> dict[str, object]:
    return {name: value for name, value in (("seq", message.seq), ("prev", message.prev_seq)) if value is not None}


def _book(message: BookMessage, instrument: Instrument) -> dict[str, object]:
    return {
        "bids": _levels(message.bid_ticks, message.bid_sizes, instrument),
        "asks": _levels(message.ask_ticks, message.ask_sizes, instrument),
    }


def _levels(ticks: Sequence[int], sizes: Sequence[int], instrument: Instrument) -> list[list[str]]:
    return [[f"{instrument.price_of(tick):f}", f"{instrument.amount_of(size):f}"] for tick, size in zip(ticks, sizes, strict=True)]
