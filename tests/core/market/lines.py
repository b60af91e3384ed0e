"""Recordings as tests write them: a few lines, whole or damaged."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

START_US = 1_700_000_000_000_000
Rows = Iterable[tuple[str, str]]
Line = dict[str, Any] | bytes  # bytes are written as they are


def _line(kind: str, at_ms: int, venue: str, **fields: Any) -> dict[str, Any]:
    symbol = "BTC/USDT:USDT" if venue.endswith("_perp") else "BTC/USDT"
    return {"type": kind, "ts": START_US // 1_000 + at_ms, "rx": START_US + at_ms * 1_000, "venue": venue, "symbol": symbol, **fields}


def snapshot(at_ms: int, bids: Rows, asks: Rows, *, venue: str = "binance_spot", **more: Any) -> dict[str, Any]:
    return _line("snapshot", at_ms, venue, bids=list(bids), asks=list(asks), **more)


def delta(at_ms: int, bids: Rows = (), asks: Rows = (), *, venue: str = "binance_spot", **more: Any) -> dict[str, Any]:
    return _line("delta", at_ms, venue, bids=list(bids), asks=list(asks), **more)


def trade(at_ms: int, price: str = "100.00", size: str = "0.5", *, venue: str = "binance_spot", **more: Any) -> dict[str, Any]:
    return _line("trade", at_ms, venue, price=price, size=size, side="buy", id=str(at_ms)) | more


def gap(at_ms: int, reason: str, *, venue: str = "binance_spot") -> dict[str, Any]:
    return _line("gap", at_ms, venue, reason=reason)


def opening(venue: str = "binance_spot", at_ms: int = 0, **more: Any) -> dict[str, Any]:
    """A snapshot of 99.9 / 100.1."""
    return snapshot(at_ms, [("99.90", "1.50000"), ("99.80", "2.00000")], [("100.10", "3.00000")], venue=venue, **more)


def text_of(lines: Iterable[Line]) -> bytes:
    return b"".join(line + b"\n" if isinstance(line, bytes) else orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def write(path: Path, lines: Iterable[Line]) -> Path:
    """A recording at `path`: gzipped when it is named .gz."""
    text = text_of(lines)
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
