"""Eight books over real sockets: what they cost, how old the merged depth is, and how soon a cut connection is made good.

The exchanges run in a process of their own (`--serve RATE`), so that only ours is counted. Prints markdown rows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Any

from core.domain.clock import SystemClock
from core.domain.enums import MarketType
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, BookState, MarketMessage
from core.exchanges.ccxt.access import Access, EmulatorAddress
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.connector import CcxtConnector
from core.exchanges.ccxt.live_feed import LiveFeed
from core.exchanges.ccxt.market_list import MarketLists
from core.exchanges.ccxt.market_loader import load_here
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.paper.feed import MessageListener, NoticeListener
from core.market.depth import merge_depth
from core.market.store import OrderBooks
from tests.emulator import Emulator, StreamKind

# Eight books each. The emulated Bybit keeps four depths of every book, and can't keep up with 250 changes a second of it.
BUSY = ("binance_spot", "binance_perp"), ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
ALL = ("binance_spot", "binance_perp", "bybit_spot", "bybit_perp"), ("BTC/USDT", "ETH/USDT")
Places = tuple[tuple[str, ...], tuple[str, ...]]
LEVELS, CHANGED, MID = 1_000, 10, 600_000
RATES = (10, 250)
SECONDS = 20.0
FRAME_S = 1 / 60
KICKS = 3
PAUSE_S = 11.0  # a stream that did not live for ten seconds is asked for less eagerly


class BusyFeed:
    """Every book changes `rate` times a second, ten levels a side near the touch. Implements `core.exchanges.paper.feed.Feed`."""

    def __init__(self, places: Places, rate: float) -> None:
        tick, lot = Decimal("0.1"), Decimal("0.001")
        venues, symbols = places
        self._instruments = {venue: {symbol: _instrument(venue, symbol, tick, lot) for symbol in symbols} for venue in venues}
        self._listeners: dict[str, list[MessageListener]] = {venue: [] for venue in venues}
        self._places = list(itertools.product(venues, symbols))
        self._rate = rate
        self._random = Random(1)

    def instruments(self) -> Mapping[str, Mapping[str, Instrument]]:
        return self._instruments

    def attach(self, venue: str, listener: MessageListener) -> None:
        self._listeners[venue].append(listener)

    def on_notice(self, listener: NoticeListener) -> None:
        """It has nothing to say."""

    async def run(self) -> None:
        places = self._places
        for place in places:
            sizes = [self._random.randint(1, 10**6) for _ in range(LEVELS)]
            self._say(BookMessage(True, *place, 1, 1, None, None, range(MID - LEVELS, MID), sizes, range(MID + 1, MID + LEVELS + 1), sizes))
        changes = [self._change() for _ in range(500)]  # made beforehand: the exchanges have half a machine to themselves at best
        begun = perf_counter()
        for number in itertools.count(1):
            venue, symbol = places[number % len(places)]
            now_us = SystemClock().now_us()
            self._say(BookMessage(False, venue, symbol, now_us, now_us, None, None, *changes[number % len(changes)]))
            if (early_s := begun + number / (self._rate * len(places)) - perf_counter()) > 0:
                await asyncio.sleep(early_s)
            elif number % len(places) == 0:
                await asyncio.sleep(0)

    def _change(self) -> list[list[int]]:
        sides: list[list[int]] = []
        for first in (MID - 60, MID + 1):
            sides += [self._random.sample(range(first, first + 60), CHANGED), [self._random.randint(1, 10**6) for _ in range(CHANGED)]]
        return sides

    def _say(self, message: MarketMessage) -> None:
        for listener in self._listeners[message.venue]:
            listener(message)


def _instrument(venue: str, symbol: str, tick: Decimal, lot: Decimal) -> Instrument:
    return Instrument(venue, symbol, MarketType.PERP if venue.endswith("_perp") else MarketType.SPOT, tick, lot)


async def serve(rate: float) -> None:
    """Be the exchanges until killed; the first line says where."""
    async with Emulator(BusyFeed(BUSY, rate), depth_interval_s=0.1 / rate) as emulator:
        print(emulator.address, flush=True)
        await emulator.closing.wait()


@asynccontextmanager
async def served(rate: float) -> AsyncIterator[EmulatorAddress]:
    command = [sys.executable, "-m", "tests.bench.bench_live_books", "--serve", str(rate)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield EmulatorAddress.parse((await process.stdout.readline()).decode().strip())
    finally:
        process.kill()
        await process.wait()


class Desk:
    """Eight books, as a desk keeps them; the depth of what has changed is merged sixty times a second.

    Attributes:
        came: messages that came over the sockets.
        merges: how often a depth was merged, and `merging_s` how long that took.
        ages_ms: of each merged depth: how long ago the oldest message had come that was not in the one before.
    """

    def __init__(self, address: EmulatorAddress, places: Places) -> None:
        clock = SystemClock()
        lists = MarketLists(clock, load=load_here)
        venues, self._symbols = places
        self._places = list(itertools.product(venues, self._symbols))
        ids = {parse_venue(venue).ccxt_id for venue in venues}
        self._clients = {ccxt_id: ExchangeClients(ccxt_id, Access("public", None, address), clock, lists) for ccxt_id in ids}
        self.feed = LiveFeed({venue: CcxtConnector(venue, self._clients[parse_venue(venue).ccxt_id], clock) for venue in venues})
        self.books = OrderBooks(clock)
        self.ages_ms: list[float] = []
        self.came = 0
        self.merging_s = 0.0
        self._waiting: dict[tuple[str, str], float] = {}  # venue and symbol -> when the oldest message came that was not told
        self._told: dict[str, float] = {}  # symbol -> when the oldest message came that was told and not merged
        self._change = asyncio.Event()

    async def open(self) -> None:
        self.books.on_message(lambda _: self._change.set())
        for venue in dict(self._places):
            await self.feed.prepare(venue)
            self.feed.attach(venue, self._hear)
        for clients in self._clients.values():
            self._listen(clients)
        for venue, symbol in self._places:
            self.books.register(self.feed.instruments()[venue][symbol])
            await self.feed.watch(venue, symbol)
        await self.until_live(len(self._places))

    async def until_live(self, wanted: int) -> None:
        """Return when so many books are live."""
        async with asyncio.timeout(30):
            while self.live() != wanted:
                self._change.clear()
                await self._change.wait()

    def live(self) -> int:
        return sum(book.state is BookState.LIVE for symbol in self._symbols for book in self.books.view(symbol).books.values())

    async def draw(self, seconds: float) -> None:
        """Merge what has changed, frame by frame."""
        end = perf_counter() + seconds
        while (began := perf_counter()) < end:
            for symbol in tuple(self._told):
                merge_depth(self.books.view(symbol))
                done = perf_counter()
                self.ages_ms.append((done - self._told.pop(symbol)) * 1_000)
                self.merging_s += done - began
                began = done
            await asyncio.sleep(FRAME_S)

    def _listen(self, clients: ExchangeClients) -> None:
        """Note when each message of a book comes in, before ccxt handles it."""
        market = clients.market
        handle: Callable[[Any, Any], None] = market.handle_order_book

        def handle_order_book(socket: Any, message: Any) -> None:
            self.came += 1
            perp = clients.ccxt_id == "binanceusdm" or socket.url.endswith("/public/linear")
            name = message.get("s") or message["data"]["s"]
            place = f"{clients.ccxt_id.removesuffix('usdm')}_{'perp' if perp else 'spot'}", f"{name[:3]}/USDT"
            self._waiting.setdefault(place, perf_counter())
            handle(socket, message)

        market.handle_order_book = handle_order_book

    def _hear(self, message: MarketMessage) -> None:
        self.books.consume(message)
        if isinstance(message, BookMessage) and (came := self._waiting.pop((message.venue, message.symbol), None)) is not None:
            self._told[message.symbol] = min(self._told.get(message.symbol, came), came)


async def cost(rate: float) -> None:
    async with served(rate) as address:
        desk = Desk(address, BUSY)
        await desk.open()
        await desk.draw(2)
        desk.ages_ms.clear()
        came, merging_s, cpu_s, began = desk.came, desk.merging_s, process_time(), perf_counter()
        await desk.draw(SECONDS)
        passed_s = perf_counter() - began
        share, merging = (process_time() - cpu_s) / passed_s, (desk.merging_s - merging_s) / passed_s
        ages = sorted(desk.ages_ms)
        rate_came = (desk.came - came) / passed_s
        await desk.feed.close()
    print(f"| 8 books at {rate:.0f}/s each ({rate_came:,.0f}/s came) | {share - merging:.0%} of a core, merging {merging:.0%} more |")
    print(f"|   socket to merged depth, p50 / p99 | {median(ages):.1f} / {ages[int(len(ages) * 0.99)]:.1f} ms |")


async def reconnecting() -> None:
    """Kick the sockets of one venue after another; the exchanges run in this process, so that it can be done."""
    venues, symbols = ALL
    took: dict[str, list[float]] = {venue: [] for venue in venues}
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator(BusyFeed(ALL, 10), depth_interval_s=0.05))
        desk = Desk(emulator.address, ALL)
        await desk.open()
        stack.push_async_callback(desk.feed.close)
        for venue in itertools.chain.from_iterable(itertools.repeat(venues, KICKS)):
            all_of_them = desk.live()
            began = perf_counter()
            await emulator.venues[venue].kick(StreamKind.MARKET)
            await desk.until_live(all_of_them - len(symbols))
            await desk.until_live(all_of_them)
            took[venue].append((perf_counter() - began) * 1_000)
            await asyncio.sleep(PAUSE_S)
    for venue, times in took.items():
        print(f"| {venue}: kicked to both books live again, median / worst of {KICKS} | {median(times):.0f} / {max(times):.0f} ms |")


async def measure(rates: tuple[float, ...]) -> None:
    for rate in rates:
        await cost(rate)
    await reconnecting()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=float, metavar="RATE", help="be the exchanges (internal)")
    asked = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(asked.serve) if asked.serve else measure(RATES))


if __name__ == "__main__":
    main()
