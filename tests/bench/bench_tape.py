"""The tape: what it adds to every print and to every message, and what asking it for an hour costs. Prints markdown rows."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from core.domain.clock import MICROSECONDS
from core.domain.enums import MarketType, OrderSide
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage, PublicTrade
from core.market.store import OrderBooks
from core.market.tape import MarketTape

BTC = "BTC/USDT"
VENUES = [f"venue{index}_spot" for index in range(8)]
START_US = 1_700_000_000 * MICROSECONDS
HOUR_S = 3_600


def best_us(work: Callable[[], object], number: int) -> float:
    return min(timeit.repeat(work, number=number, repeat=5)) / number * 1e6


def fresh_books() -> OrderBooks:
    books = OrderBooks()
    for venue in VENUES:
        books.register(Instrument(venue, BTC, MarketType.SPOT, Decimal("0.01"), Decimal("0.00001")))
        books.consume(BookMessage(True, venue, BTC, START_US, START_US, None, None, [6_000_000], [100], [6_000_001], [100]))
    return books


def per_message(messages: list[MarketMessage], *, taped: bool) -> float:
    """Microseconds of `consume` for each of `messages`, five passes, the best."""
    books = fresh_books()
    tape = MarketTape(books) if taped else None

    def consume_all() -> None:
        for message in messages:
            books.consume(message)

    took = best_us(consume_all, 1) / len(messages)
    if tape is not None:
        tape.close()
    return took


def main() -> None:
    seconds = 200
    times = [(START_US + index * MICROSECONDS // 500, VENUES[index % 8]) for index in range(500 * seconds)]
    trades: list[MarketMessage] = [PublicTrade(venue, BTC, ts, ts, 6_000_000, 100, OrderSide.BUY, "t") for ts, venue in times]
    deltas: list[MarketMessage] = [BookMessage(False, venue, BTC, ts, ts, None, None, [5_999_999], [7], [], []) for ts, venue in times]
    for name, messages in (("print", trades), ("book message", deltas)):
        without, with_tape = per_message(messages, taped=False), per_message(messages, taped=True)
        print(f"| tape: a {name}, 500 a second over 8 venues, sampling included | +{with_tape - without:.2f} µs on {without:.2f} µs |")
    books = fresh_books()
    tape = MarketTape(books)
    for second in range(HOUR_S):
        for venue in VENUES:
            ts = START_US + second * MICROSECONDS
            books.consume(BookMessage(False, venue, BTC, ts, ts, None, None, [5_999_999], [7], [], []))
            books.consume(PublicTrade(venue, BTC, ts, ts, 6_000_000, 100, OrderSide.BUY, "t"))
    end_us = START_US + HOUR_S * MICROSECONDS
    for ask in (tape.vwap, tape.twap):
        took = best_us(partial(ask, BTC, VENUES, START_US, end_us), 20)
        print(f"| tape: {ask.__name__} of an hour over 8 venues | {took:.0f} µs |")


if __name__ == "__main__":
    main()
