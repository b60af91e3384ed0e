"""The tape: what the market traded and where its mid stood, for any interval of the last hours."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.clock import MICROSECONDS
from core.market.store import OrderBooks
from core.market.tape import MarketTape
from tests.core.making import NOW_US, instrument
from tests.core.market.messages import gap, snapshot, trade

BTC = "BTC/USDT"
SPOT, PERP = "binance_spot", "binance_perp"


@pytest.fixture
def books() -> OrderBooks:
    """Two venues whose ticks differ: 0.1 and 0.5."""
    made = OrderBooks(stale_after_us=10 * MICROSECONDS)
    made.register(instrument(SPOT))
    made.register(instrument(PERP, tick="0.5"))
    return made


@pytest.fixture
def tape(books: OrderBooks) -> MarketTape:
    return MarketTape(books)


def at(seconds: float) -> int:
    return NOW_US + round(seconds * MICROSECONDS)


def quote(books: OrderBooks, bid: int, ask: int, seconds: float, venue: str = SPOT) -> None:
    """A book of one level a side, in ticks."""
    books.consume(snapshot([(bid, 5)], [(ask, 5)], venue=venue, at_us=at(seconds)))


def test_volume_is_counted_per_venue_and_interval(books: OrderBooks, tape: MarketTape) -> None:
    for seconds, size in ((0, 1_000), (0.5, 2_000), (10, 4_000)):
        books.consume(trade(1_000, size, at_us=at(seconds)))
    books.consume(trade(200, 8_000, venue=PERP, at_us=at(10)))
    assert tape.traded(BTC, [SPOT], at(0), at(9)) == 3
    assert tape.traded(BTC, [SPOT], at(10), at(20)) == 4
    assert tape.traded(BTC, [], at(0), at(20)) == 15
    assert tape.traded(BTC, [PERP], at(0), at(9)) == 0
    assert tape.traded("DOGE/USDT", [], at(0), at(20)) == 0


def test_vwap_weighs_venues_of_different_ticks_by_what_they_traded(books: OrderBooks, tape: MarketTape) -> None:
    books.consume(trade(1_000, 3_000, at_us=at(1)))  # 3 at 100.0
    books.consume(trade(208, 1_000, venue=PERP, at_us=at(2)))  # 1 at 104.0
    assert tape.vwap(BTC, [SPOT, PERP], at(0), at(5)) == 101
    assert tape.vwap(BTC, [PERP], at(0), at(5)) == 104
    assert tape.vwap(BTC, [SPOT, PERP], at(3), at(5)) is None


def test_a_late_print_is_counted_although_its_second_is_over(books: OrderBooks, tape: MarketTape) -> None:
    books.consume(trade(1_000, 1_000, at_us=at(5)))
    books.consume(trade(1_000, 1_000, at_us=at(2)))
    assert tape.traded(BTC, [], at(0), at(5)) == 2


def test_twap_weighs_each_mid_by_how_long_it_stood(books: OrderBooks, tape: MarketTape) -> None:
    quote(books, 999, 1_001, 0)  # mid 100 for 6 s
    quote(books, 1_039, 1_041, 6)  # mid 104 for 2 s
    assert tape.twap(BTC, [SPOT], at(0), at(8)) == 101
    assert tape.twap(BTC, [SPOT], at(3), at(9)) == 102, "an interval begins with the mid that stood then"


def test_the_mid_is_that_of_the_merged_book_of_the_chosen_venues(books: OrderBooks, tape: MarketTape) -> None:
    quote(books, 200, 204, 0, venue=PERP)  # 100.0 / 102.0
    quote(books, 1_006, 1_008, 1.0)  # 100.6 / 100.8
    quote(books, 1_006, 1_008, 2.0)
    assert tape.mid_at(BTC, [SPOT], at(2)) == Decimal("100.7")
    assert tape.mid_at(BTC, [PERP], at(2)) == 101
    assert tape.mid_at(BTC, [], at(2)) == Decimal("100.7")
    assert tape.mid_at(BTC, [], at(0)) == 101, "the spot venue had no book yet"


def test_a_venue_without_a_live_book_is_no_part_of_the_mid(books: OrderBooks, tape: MarketTape) -> None:
    quote(books, 200, 204, 0, venue=PERP)
    quote(books, 1_006, 1_008, 1)
    books.consume(gap(venue=SPOT, at_us=at(2)))
    assert tape.mid_at(BTC, [], at(2)) == 101
    assert tape.mid_at(BTC, [SPOT], at(2)) is None
    quote(books, 1_006, 1_008, 15)
    assert tape.mid_at(BTC, [PERP], at(15)) is None, "silent for longer than a book may be"


def test_seconds_without_a_mid_carry_no_weight(books: OrderBooks, tape: MarketTape) -> None:
    quote(books, 999, 1_001, 0)
    books.consume(gap(at_us=at(2)))
    quote(books, 1_029, 1_031, 8)
    assert tape.twap(BTC, [SPOT], at(0), at(9)) == 101  # 100 for 2 s, 103 for 1 s


def test_nothing_is_known_of_a_market_that_never_spoke(tape: MarketTape) -> None:
    assert tape.twap(BTC, [], at(0), at(60)) is None
    assert tape.mid_at(BTC, [], at(0)) is None
    assert tape.vwap(BTC, [], at(0), at(60)) is None


def test_old_seconds_are_forgotten_and_recent_ones_stay_exact(books: OrderBooks) -> None:
    tape = MarketTape(books, hours=0.1)
    for second in range(5_000):
        quote(books, 999 + second, 1_001 + second, second)
        books.consume(trade(1_000, 1_000, at_us=at(second)))
    assert tape.traded(BTC, [], at(4_901), at(4_999)) == 99
    assert tape.traded(BTC, [], at(0), at(4_999)) < 5_000
    assert tape.mid_at(BTC, [], at(4_999)) == Decimal("599.9")
    kept = tape.traded(BTC, [], at(0), at(4_999))
    assert 360 <= kept <= 360 + 1_024


def test_an_instrument_with_new_rules_starts_afresh(books: OrderBooks, tape: MarketTape) -> None:
    quote(books, 999, 1_001, 0)
    books.consume(trade(1_000, 1_000, at_us=at(0)))
    books.register(instrument(SPOT, tick="0.5"))
    quote(books, 200, 202, 5)
    books.consume(trade(201, 2_000, at_us=at(5)))
    assert tape.mid_at(BTC, [SPOT], at(6)) == Decimal("100.5")
    assert tape.vwap(BTC, [SPOT], at(0), at(6)) == Decimal("100.5")


def test_a_closed_tape_hears_nothing_more_and_still_answers(books: OrderBooks, tape: MarketTape) -> None:
    books.consume(trade(1_000, 1_000, at_us=at(0)))
    tape.close()
    books.consume(trade(1_000, 1_000, at_us=at(1)))
    assert tape.traded(BTC, [], at(0), at(9)) == 1
