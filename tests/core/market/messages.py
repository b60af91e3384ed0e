"""Market messages as tests like to write them: levels as (tick, size) pairs."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.enums import OrderSide
from core.domain.market import BookMessage, FeedGap, PublicTrade
from tests.core.making import NOW_US

Pairs = Iterable[tuple[int, int]]


def snapshot(
    bids: Pairs = (), asks: Pairs = (), *, seq: int | None = None, venue: str = "binance_spot", at_us: int = NOW_US
) -> BookMessage:
    return _message(bids, asks, is_snapshot=True, seq=seq, prev_seq=None, venue=venue, at_us=at_us)


def delta(
    bids: Pairs = (),
    asks: Pairs = (),
    *,
    seq: int | None = None,
    prev: int | None = None,
    venue: str = "binance_spot",
    at_us: int = NOW_US,
) -> BookMessage:
    return _message(bids, asks, is_snapshot=False, seq=seq, prev_seq=prev, venue=venue, at_us=at_us)


def _message(bids: Pairs, asks: Pairs, *, is_snapshot: bool, seq: int | None, prev_seq: int | None, venue: str, at_us: int) -> BookMessage:
    bids, asks = list(bids), list(asks)
    return BookMessage(
        is_snapshot=is_snapshot,
        venue=venue,
        symbol="BTC/USDT",
        ts_us=at_us,
        received_us=at_us,
        seq=seq,
        prev_seq=prev_seq,
        bid_ticks=[tick for tick, _ in bids],
        bid_sizes=[size for _, size in bids],
        ask_ticks=[tick for tick, _ in asks],
        ask_sizes=[size for _, size in asks],
    )


def trade(tick: int, size: int, *, venue: str = "binance_spot", at_us: int = NOW_US) -> PublicTrade:
    return PublicTrade(venue, "BTC/USDT", at_us, at_us, tick, size, OrderSide.BUY, f"t{at_us}")


def gap(reason: str = "binance_spot skipped 12 updates", *, venue: str = "binance_spot", at_us: int = NOW_US) -> FeedGap:
    return FeedGap(venue, "BTC/USDT", at_us, reason)
