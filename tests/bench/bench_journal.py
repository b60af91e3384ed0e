"""The journal: from the click to the wire, a commit against the bare disk, events a second, and a restart with 10,000 orders.

Prints rows of a markdown table. Everything is on the disk of the temporary directory (TMPDIR), with synchronous=FULL.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from io import FileIO
from pathlib import Path
from statistics import quantiles
from time import perf_counter, thread_time

import orjson

from core.domain.clock import SimulatedClock, SystemClock
from core.domain.instruments import Instrument
from core.domain.market import BookMessage
from core.exchanges.connector import NewOrder, VenueOrder
from core.exchanges.paper.connector import PaperConnector
from core.execution.engine import ExecutionEngine
from core.execution.manager import OrderManager
from core.execution.recovery import MOST_SHOWN, Recovery
from core.journal.entry import Entry, Line
from core.journal.journal import Journal
from core.journal.store import Store
from core.market.store import OrderBooks
from tests.core.exchanges.paper_desk import SYMBOL, ManualFeed
from tests.core.execution.floor import ASKS, BIDS, floor
from tests.core.making import instrument

VENUES = ("binance_spot", "okx_spot")
CLICKS, ROUNDS = 300, 3
# What one click and what was left over of the one before it write.
CLICK_BYTES = 4_400
COMMITS = 300
EVENTS = 50_000
MESSAGES_PER_S = 2_000
PARENTS, SLICES, UNFINISHED = 1_000, 9, 10
Row = tuple[str, str]


def ms(seconds: Sequence[float]) -> str:
    """p50 and p99, in ms."""
    cuts = quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:.2f} ms, p99 {cuts[98] * 1000:.2f} ms"


@contextmanager
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


# -- click to wire ---------------------------------------------------------------------------------


class StampedVenue(PaperConnector):  # type: ignore[misc]  # final for the program; a bench looks at the moment of sending
    """Notes when a create reaches it, and what the loop had worked by then."""

    sent_at = worked_s = 0.0

    async def create_order(self, order: NewOrder) -> VenueOrder:
        if not StampedVenue.sent_at:
            StampedVenue.sent_at, StampedVenue.worked_s = perf_counter(), thread_time()
        return await super().create_order(order)


@dataclass(slots=True)
class Clicks:
    """Seconds, one of each per click.

    Attributes:
        took: from `execute` to the connector's create, the commit included.
        worked: of that, what the loop's thread spent computing; the rest is the disk, and other programs on these cores.
        bare: a plain append and fdatasync of as many bytes, a moment later: how fast the disk was just then.
    """

    took: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


async def clicks(*, busy: bool) -> Clicks:
    """One order after the other, with the market silent or on the loop as well."""
    clock, seen = SystemClock(), Clicks()
    made = [instrument(venue, tick="0.5", lot="0.01") for venue in VENUES]
    feeds = [ManualFeed(each, SimulatedClock(clock.now_us())) for each in made]
    venues = {feed.instrument.venue: StampedVenue(feed.instrument.venue, feed, clock, latency_ms=1.0) for feed in feeds}
    with directory() as where, (where / "bare").open("ab", buffering=0) as bare:
        journal, books = Journal(where / "journal.db"), OrderBooks(clock, stale_after_us=3_600_000_000)
        manager = OrderManager(venues, clock=clock, journal=journal)
        engine = ExecutionEngine(manager, venues, books)
        for feed, venue in zip(feeds, venues.values(), strict=True):
            await venue.open()
            venue.on_market(books.consume)
            books.register(feed.instrument)
            await venue.subscribe(SYMBOL)
            feed.snapshot(BIDS, ASKS)
        pump = asyncio.ensure_future(messages(feeds, made)) if busy else None
        for _ in range(CLICKS):
            StampedVenue.sent_at, started, worked = 0.0, perf_counter(), thread_time()
            order = await engine.execute(
                engine.request(symbol=SYMBOL, side="buy", amount="0.02", price="100.5", strategy="price_optimized_liquidity"),
                repeats=True,
            )
            await order.done()
            seen.took.append(StampedVenue.sent_at - started)
            seen.worked.append(StampedVenue.worked_s - worked)
            seen.bare.append(await asyncio.to_thread(append_and_sync, bare))
            for feed in feeds:
                feed.snapshot(BIDS, ASKS)
            await asyncio.sleep(0.01)
        if pump is not None:
            pump.cancel()
            with suppress(asyncio.CancelledError):
                await pump
        await engine.close()
        await manager.close()
        for venue in venues.values():
            await venue.close()
        journal.close()
    return seen


def append_and_sync(file: FileIO) -> float:
    """Seconds that a click's worth of bytes takes to get to the disk."""
    started = perf_counter()
    file.write(b"." * CLICK_BYTES)
    os.fdatasync(file.fileno())
    return perf_counter() - started


def click_rows(what: str, rounds: Sequence[Clicks]) -> list[Row]:
    """All clicks together, and the round in which other programs were quietest."""
    took, worked, bare = ([second for each in rounds for second in getattr(each, kind)] for kind in ("took", "worked", "bare"))
    quietest = min(rounds, key=lambda each: quantiles(each.took, n=100)[98])
    return [
        (f"click to wire (execute → the connector's create), {what}", ms(took)),
        (f"  in the quietest of {len(rounds)} rounds of {CLICKS}", ms(quietest.took)),
        ("  of that, computing on the loop", ms(worked)),
        (f"  a bare append and fdatasync of {CLICK_BYTES:,} bytes at these moments", ms(bare)),
    ]


async def messages(feeds: Sequence[ManualFeed], made: Sequence[Instrument]) -> None:
    """Deltas of 40 levels, evenly spaced, far from the touch."""
    rng, every_s, sent, started = random.Random(1), 0.002, 0, perf_counter()
    while True:
        while sent < (perf_counter() - started) * MESSAGES_PER_S:
            feed, one = feeds[sent % len(feeds)], made[sent % len(feeds)]
            bids, asks = rng.sample(range(50, 190), 20), rng.sample(range(210, 400), 20)
            sizes = [rng.randint(1, 10_000) for _ in bids]
            feed.say(BookMessage(False, one.venue, SYMBOL, 1, 1, None, None, bids, sizes, asks, sizes))
            sent += 1
        await asyncio.sleep(every_s)


# -- the disk --------------------------------------------------------------------------------------


def commits() -> list[Row]:
    """One child's lines as `submit` writes them, committed; and as many bytes appended to a plain file and fdatasynced. In turn."""
    entries = asyncio.run(traded())
    bodies = [orjson.dumps(entry.body) for entry in entries if entry.kind in ("plan", "intent")][:2] + [
        orjson.dumps(entry.body) for entry in entries if entry.kind == "state"
    ][-3:]
    commit_s: list[float] = []
    bare_s: list[float] = []
    with directory() as where, (where / "bare").open("ab", buffering=0) as bare:
        store = Store(where / "journal.db")
        for number in range(COMMITS):
            lines = [
                Line(number * 10 + i, 1, "P-1", f"f{number:017}", "intent" if i == 1 else "state", body) for i, body in enumerate(bodies)
            ]
            started = perf_counter()
            store.write(lines)
            commit_s.append(perf_counter() - started)
            started = perf_counter()
            bare.write(b"".join(bodies))
            os.fdatasync(bare.fileno())
            bare_s.append(perf_counter() - started)
        store.close()
    ratio = quantiles(commit_s, n=2)[0] / quantiles(bare_s, n=2)[0]
    size = sum(map(len, bodies))
    return [
        (f"commit of one child's intent ({len(bodies)} entries, {size:,} bytes)", ms(commit_s)),
        ("  a bare append and fdatasync of the same bytes", f"{ms(bare_s)}: the commit is {ratio:.2f} times that"),
    ]


def events() -> list[Row]:
    """STATE entries, as they come from a busy manager, until the last is durable."""
    body = {"status": "open", "knowledge": "known", "reason": "", "price": Decimal("61837.63"), "amount": Decimal("0.125"), "flags": []}

    async def append() -> float:
        started = perf_counter()
        for number in range(EVENTS):
            journal.append(number, "P-1", "state", body)
            if number % 100 == 0:
                await asyncio.sleep(0)
        await journal.durable()
        return perf_counter() - started

    with directory() as where:
        journal = Journal(where / "journal.db")
        seconds = asyncio.run(append())
        journal.close()
    return [("journal events, appended until durable", f"{EVENTS / seconds:,.0f} /s")]


# -- a restart -------------------------------------------------------------------------------------


async def traded() -> list[Entry]:
    """The entries of one TWAP of nine slices."""
    async with floor(*VENUES) as f:
        order = await f.start(
            amount="4.5", price="101.5", strategy="twap", params={"duration": 90, "slices": SLICES, "style": "aggressive"}
        )
        await f.do(order.done(), within_s=200)
        return f.journal.entries(order.id)


def fill_journal(path: Path, entries: Sequence[Entry]) -> int:
    """A thousand copies of the order with ids of their own, the last few cut short in the middle; how many orders that makes."""
    ids = list(dict.fromkeys(entry.order_id for entry in entries))
    whole = orjson.dumps([[entry.ts_us, entry.order_id, entry.kind, entry.body] for entry in entries]).decode()
    journal, orders = Journal(path), 0
    for number in range(PARENTS):
        text = whole
        for old in ids:
            text = text.replace(old, f"{old[:6]}{number:06}{old[12:]}")
        copy = orjson.loads(text)
        if number >= PARENTS - UNFINISHED:
            copy = copy[: len(copy) // 2]
        for ts_us, order_id, kind, body in copy:
            journal.append(ts_us + number, order_id, kind, body)
            orders += kind in ("parent", "intent")
    journal.close()
    return orders


def restart() -> list[Row]:
    entries = asyncio.run(traded())
    with directory() as where:
        path = where / "journal.db"
        orders = fill_journal(path, entries)
        megabytes = path.stat().st_size / 1e6

        async def run() -> tuple[float, int, int]:
            async with floor(*VENUES) as f:
                started = perf_counter()
                journal = Journal(path)
                manager = OrderManager(f.venues, clock=f.clock, journal=journal)
                engine = ExecutionEngine(manager, f.venues, f.books)
                recovery = Recovery(manager, engine, lambda *_: None)
                recovery.restore()
                recovery.reconcile()
                seconds = perf_counter() - started
                shown, working = len(manager.snapshots()), len(manager.working())
                await recovery.close()
                await engine.close()
                await manager.close()
                journal.close()
                return seconds, shown, working

        seconds, shown, working = asyncio.run(run())
    what = f"{orders:,} orders in the journal ({megabytes:.0f} MB)"
    return [(f"restart with {what}: {working} taken up, the last {MOST_SHOWN} parents shown ({shown:,} rows)", f"{seconds:.2f} s")]


def main() -> None:
    rounds = [(asyncio.run(clicks(busy=False)), asyncio.run(clicks(busy=True))) for _ in range(ROUNDS)]
    rows = click_rows("idle", [idle for idle, _ in rounds])
    rows += click_rows(f"with {MESSAGES_PER_S:,} book messages/s on the loop", [busy for _, busy in rounds])
    works: list[Callable[[], list[Row]]] = [commits, events, restart]
    for what, figure in rows + [row for work in works for row in work()]:
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
