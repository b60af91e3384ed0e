"""Recordings played as a market: in order, in time, and honest about what is missing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.clock import Clock, ScaledClock, SimulatedClock, SystemClock
from core.domain.errors import BadRequest, RecordingError
from core.domain.events import Notice
from core.domain.market import BookState, FeedGap, MarketMessage
from core.exchanges.paper.replay_feed import ReplayFeed
from core.market.store import OrderBooks
from tests.core.market.lines import START_US, Line, delta, gap, opening, snapshot, text_of, trade, write

NEW_BID = [("99.95", "1.00000")]


class Played:
    """A feed with books behind it, and everything that came out of it."""

    def __init__(self, *paths: Path, clock: Clock | None = None, speed: float | None = None) -> None:
        self.feed = ReplayFeed(paths, clock, "max" if speed is None else speed)
        self.books = OrderBooks(self.feed.clock)
        self.messages: list[MarketMessage] = []
        self.times_us: list[int] = []
        self.notices: list[Notice] = []
        for venue, by_symbol in self.feed.instruments().items():
            for instrument in by_symbol.values():
                self.books.register(instrument)
            self.feed.attach(venue, self._take)
        self.feed.on_notice(self.notices.append)

    def _take(self, message: MarketMessage) -> None:
        self.books.consume(message)
        self.messages.append(message)
        self.times_us.append(self.feed.clock.now_us())

    def state(self, venue: str = "binance_spot") -> BookState:
        return self.books.view("BTC/USDT").books[venue].state

    def best_bid(self, venue: str = "binance_spot") -> Decimal | None:
        return self.books.view("BTC/USDT").books[venue].best_bid

    def warnings(self) -> list[str]:
        return [notice.sentence for notice in self.notices if notice.level == "warning"]


async def play(path: Path, *lines: Line) -> Played:
    played = Played(write(path, lines))
    await played.feed.run()
    return played


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return tmp_path / "day.jsonl.gz"


@asynccontextmanager
async def running(played: Played) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(played.feed.run())
    yield task
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def cut_off(path: Path, count: int) -> None:
    path.write_bytes(path.read_bytes()[:-count])


async def until(condition: Callable[[], bool]) -> None:
    """Turn the loop until `condition` holds; the test's timeout is the limit."""
    while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
        await asyncio.sleep(0)


async def test_a_whole_recording_plays_to_its_end(day: Path) -> None:
    played = await play(day, opening(seq=1), delta(5, NEW_BID, seq=2, prev=1), trade(7))
    assert played.best_bid() == Decimal("99.95")
    assert played.times_us == [START_US, START_US + 5_000, START_US + 7_000]
    assert [notice.sentence for notice in played.notices] == [
        "Playing binance_spot from 14 November 2023, 22:13:20 UTC.",
        "The recording has ended; its books grow stale from here.",
    ]
    assert played.feed.finished


async def test_recordings_are_merged_by_their_receive_times(tmp_path: Path) -> None:
    spot = write(tmp_path / "spot.jsonl.gz", [opening(), trade(10), trade(30)])
    perp = write(tmp_path / "perp.jsonl", [opening("binance_perp", at_ms=5), trade(20, venue="binance_perp")])
    played = Played(spot, perp)
    assert {venue: list(symbols) for venue, symbols in played.feed.instruments().items()} == {
        "binance_spot": ["BTC/USDT"],
        "binance_perp": ["BTC/USDT"],
    }
    await played.feed.run()
    assert [(time_us - START_US) // 1_000 for time_us in played.times_us] == [0, 5, 10, 20, 30]


async def test_a_skipped_number_is_a_gap_until_the_next_snapshot(day: Path) -> None:
    lines = [opening(seq=1), delta(1, NEW_BID, seq=3, prev=2), delta(2, NEW_BID, seq=4, prev=3)]
    played = await play(day, *lines)
    assert played.state() is BookState.GAP
    (warning,) = played.warnings()
    assert warning.startswith("In day.jsonl.gz binance_spot skipped updates: after 1 comes one that follows 2. The book of")
    healed = await play(day, *lines, opening(at_ms=3, seq=9), delta(4, NEW_BID, seq=10, prev=9))
    assert (healed.state(), healed.best_bid()) == (BookState.LIVE, Decimal("99.95"))


DAMAGE: dict[str, Line] = {
    "a damaged line": text_of([delta(1)])[:-20],
    "a price off the tick": delta(1, [("99.951234", "1.00000")]),
    "a negative size": delta(1, [("99.95", "-1")]),
    "an absurd price": delta(1, (), [("1e30", "1.00000")]),
    "an absurd size": delta(1, [("99.95", "1000000000000000")]),
    "missing fields": {"type": "delta", "venue": "binance_spot"},
    "a gap that was recorded": gap(1, "binance_spot lost its connection"),
}


@pytest.mark.parametrize("case", DAMAGE)
async def test_what_cannot_be_read_costs_its_venue_the_book(tmp_path: Path, case: str) -> None:
    perp = write(tmp_path / "perp.jsonl", [opening("binance_perp"), delta(9, [("99.8", "1.000")], venue="binance_perp")])
    spot = write(tmp_path / "spot.jsonl", [opening(), DAMAGE[case], delta(2, NEW_BID), delta(3, NEW_BID)])
    played = Played(spot, perp)
    await played.feed.run()
    assert played.state("binance_spot") is BookState.GAP
    assert played.state("binance_perp") is BookState.LIVE
    (warning,) = played.warnings()
    assert warning.endswith(" The book of binance_spot is not used until its next snapshot.")


async def test_a_line_of_nobody_costs_every_venue_of_the_file(day: Path) -> None:
    played = await play(day, opening(), opening("bybit_spot"), b"rubbish", delta(2, NEW_BID), opening("bybit_spot", at_ms=3))
    assert played.state("binance_spot") is BookState.GAP
    assert played.state("bybit_spot") is BookState.LIVE


async def test_a_lost_trade_costs_no_book(day: Path) -> None:
    played = await play(day, opening(), trade(1, price="99.12345"), text_of([trade(2)])[:-10], trade(3))
    assert played.state() is BookState.LIVE
    assert len(played.messages) == 2
    assert len(played.warnings()) == 2


async def test_an_absurd_trade_is_left_out_and_said_once(day: Path) -> None:
    played = await play(day, opening(), trade(1, price="1e30"), trade(2, size="1e15"), trade(3))
    assert (played.state(), len(played.messages)) == (BookState.LIVE, 2)
    assert played.warnings() == ["day.jsonl.gz holds trades of binance_spot that can't be read; they are left out."]


async def test_an_update_that_was_recorded_twice_breaks_nothing(day: Path) -> None:
    twice, then = delta(1, NEW_BID, seq=2, prev=1), delta(2, [("99.96", "1.00000")], seq=3, prev=2)
    played = await play(day, opening(seq=1), twice, twice, then, twice | {"rx": START_US + 3_000})
    assert (played.state(), played.best_bid()) == (BookState.LIVE, Decimal("99.96"))
    assert played.warnings() == []


async def test_a_thousand_damaged_lines_are_four_notices(day: Path) -> None:
    damage: list[Line] = [{**trade(number), "price": None} for number in range(500)]
    lines: list[Line] = [text_of([trade(number)])[:-20] for number in range(500)]
    played = await play(day, opening(), *damage, *lines)
    assert played.state() is BookState.LIVE
    assert played.warnings() == [
        "day.jsonl.gz holds trades of binance_spot that can't be read; they are left out.",
        *(f"Line {number} of day.jsonl.gz is not JSON and is left out." for number in (502, 503, 504)),
        "And more of the same in day.jsonl.gz, which is not said again.",
    ]


async def test_a_book_that_breaks_again_and_again_is_said_three_times_and_more(day: Path) -> None:
    breaks: list[Line] = []
    for number in range(1, 50):
        breaks += [delta(number, [("99.951234", "1")]), opening(at_ms=number)]
    played = await play(day, opening(), *breaks)
    assert played.state() is BookState.LIVE
    assert sum(isinstance(message, FeedGap) for message in played.messages) == 49, "every gap is told to the books"
    assert [warning.partition(" of ")[0] for warning in played.warnings()] == ["Line 2", "Line 4", "Line 6", "And more"]


@pytest.mark.parametrize("venue", ["binance_spot", "someplace_spot"])
async def test_a_recording_that_opens_with_an_empty_book_fills_it_later(day: Path, venue: str) -> None:
    played = Played(write(day, [snapshot(0, [], [], venue=venue, seq=1), delta(1, NEW_BID, venue=venue, seq=2, prev=1)]))
    await played.feed.run()
    assert (played.state(venue), played.best_bid(venue)) == (BookState.LIVE, Decimal("99.95"))


@pytest.mark.parametrize("venue", ["binance_spot", "someplace_spot"])
async def test_a_recording_of_an_empty_book_opens(day: Path, venue: str) -> None:
    played = await play(day, snapshot(0, [], [], venue=venue))
    assert (played.state(venue), played.best_bid(venue)) == (BookState.LIVE, None)


async def test_an_absurd_level_in_the_first_snapshot_costs_that_snapshot_only(day: Path) -> None:
    rows = [("99.90", "1.50000"), ("99.80", "1000000000000000")]
    played = await play(day, snapshot(0, rows, [("1e30", "1.00000")]), opening("bybit_spot"), opening(at_ms=1))
    assert (played.state("binance_spot"), played.state("bybit_spot")) == (BookState.LIVE, BookState.LIVE)
    assert len(played.warnings()) == 1
    spot = played.feed.instruments()["binance_spot"]["BTC/USDT"]
    assert (spot.tick, spot.lot) == (Decimal("0.01"), Decimal("0.00001"))


async def test_a_recording_that_is_cut_off_plays_what_is_there_and_ends_in_a_gap(day: Path) -> None:
    write(day, [opening(), *(delta(number, [("99.85", f"{number * 7919 % 10_007}")]) for number in range(1, 5_000))])
    cut_off(day, 2_000)
    played = Played(day)
    await played.feed.run()
    assert len(played.messages) > 1_000
    assert isinstance(played.messages[-1], FeedGap)
    assert played.state() is BookState.GAP
    assert "day.jsonl.gz is cut off or damaged after line" in played.warnings()[0]


async def test_a_venue_that_shows_up_late_is_left_out_and_named(day: Path) -> None:
    played = await play(day, opening(), *(trade(1) for _ in range(2_100)), opening("bybit_spot", at_ms=2))
    assert list(played.feed.instruments()) == ["binance_spot"]
    assert played.warnings() == ["day.jsonl.gz brings bybit_spot BTC/USDT only after 2,000 lines; it is left out."]


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    day = write(tmp_path / "day.jsonl", [opening()])
    same = write(tmp_path / "same.jsonl", [opening(at_ms=5)])
    later = write(tmp_path / "later.jsonl", [opening("bybit_spot", at_ms=7_200_000)])
    with pytest.raises(RecordingError, match=r"day\.jsonl and same\.jsonl both hold binance_spot BTC/USDT; play one of them\."):
        ReplayFeed([day, same])
    with pytest.raises(RecordingError, match=r"day\.jsonl and later\.jsonl start more than an hour apart"):
        ReplayFeed([later, day])
    with pytest.raises(RecordingError, match=r"There is no recording gone\.jsonl\."):
        ReplayFeed([tmp_path / "gone.jsonl"])
    with pytest.raises(BadRequest, match="at least one recording"):
        ReplayFeed([])
    with pytest.raises(BadRequest, match="needs a simulated clock"):
        ReplayFeed([day], SystemClock(), "max")
    with pytest.raises(BadRequest, match="speed must be a positive number"):
        ReplayFeed([day], speed=0)


def test_the_clock_starts_with_the_recording(day: Path) -> None:
    write(day, [trade(3), opening(at_ms=4)])
    assert ReplayFeed([day], speed="max").clock.now_us() == START_US + 3_000
    assert isinstance(ReplayFeed([day], speed=5).clock, ScaledClock)


async def test_played_in_time_every_message_comes_when_it_is_due(day: Path) -> None:
    write(day, [opening(), delta(400, NEW_BID), trade(1_000)])
    clock = SimulatedClock(START_US)
    played = Played(day, clock=clock, speed=1)
    async with running(played) as task:
        await clock.advance(0.399)
        assert len(played.messages) == 1
        await clock.advance(0.001)
        assert played.best_bid() == Decimal("99.95")
        await clock.advance(0.6)
        await task
    assert played.times_us == [START_US, START_US + 400_000, START_US + 1_000_000]


async def test_played_five_times_faster_the_recordings_clock_tells_its_own_time(day: Path) -> None:
    write(day, [opening(), trade(1_000)])
    wall = SimulatedClock()
    played = Played(day, clock=ScaledClock(START_US, 5, wall), speed=5)
    async with running(played) as task:
        await wall.advance(0.199)
        assert len(played.messages) == 1
        await wall.advance(0.001)
        await task
    assert played.times_us[-1] == START_US + 1_000_000


async def test_at_max_it_shows_every_book_and_then_waits_to_be_wanted(day: Path) -> None:
    write(day, [trade(0), opening(at_ms=1), delta(2, NEW_BID), opening("bybit_spot", at_ms=3), delta(4), trade(5)])
    played = Played(day)
    wanted = False
    played.feed.wanted = lambda: wanted
    async with running(played):
        await until(lambda: len(played.messages) == 4)
        for _ in range(100):
            await asyncio.sleep(0)
        assert played.feed.clock.now_us() == START_US + 3_000, "time stands still while nobody trades"
        wanted = True
        await until(lambda: played.feed.finished)
        assert len(played.messages) == 6


async def test_at_max_it_plays_on_when_it_may_run_freely(day: Path) -> None:
    write(day, [opening(), delta(1), trade(2)])
    played = Played(day)
    played.feed.wanted = lambda: False
    async with running(played):
        await until(lambda: len(played.messages) == 1)
        played.feed.run_freely()
        await until(lambda: played.feed.finished)
        assert len(played.messages) == 3


async def test_at_max_a_sleeper_wakes_between_the_messages_around_its_deadline(day: Path) -> None:
    played = Played(write(day, [opening(), *(trade(number) for number in range(1, 20))]))
    woke: list[tuple[int, int]] = []

    async def sleep() -> None:
        await played.feed.clock.sleep_until(START_US + 7_500)
        woke.append((played.feed.clock.now_us(), len(played.messages)))

    sleeper = asyncio.create_task(sleep())
    await asyncio.sleep(0)
    await played.feed.run()
    await sleeper
    assert woke == [(START_US + 7_500, 8)]


async def test_at_max_time_is_held_while_real_work_is_in_flight(day: Path) -> None:
    played = Played(write(day, [opening(), *(trade(number) for number in range(1, 20))]))
    async with running(played) as task:
        await until(lambda: len(played.messages) == 5)
        with played.feed.clock.hold():
            for _ in range(200):
                await asyncio.sleep(0)
            assert len(played.messages) <= 6
        await task
    assert len(played.messages) == 20


async def test_at_max_time_goes_on_after_the_end_for_those_who_wait(day: Path) -> None:
    played = Played(write(day, [opening(), trade(1)]))
    working = True
    played.feed.wanted = lambda: working
    async with running(played):
        await until(lambda: played.feed.finished)
        await played.feed.clock.sleep(60)
        assert played.feed.clock.now_us() == START_US + 60_001_000
        assert played.state() is BookState.STALE
        working = False


async def test_a_replay_gives_way_within_a_burst(day: Path) -> None:
    """Everything is due at once; a window on the same loop must still get its turns."""
    write(day, [opening(), *(delta(number, [(f"{50 + number * 0.01:.2f}", "1")] * 50) for number in range(1, 2_000))])
    clock = SimulatedClock(START_US)
    played = Played(day, clock=clock, speed=1)
    clock.jump_to(START_US + 10_000_000)
    turns = 0
    async with running(played):
        while not played.feed.finished:
            await asyncio.sleep(0)
            turns += 1
    assert len(played.messages) == 2_000
    assert turns > 10
