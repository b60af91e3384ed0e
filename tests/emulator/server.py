"""The server: one port for every exchange, told apart by the host that the client believes it speaks to.

An exchange is a module with `DOMAINS` (masks of host names), `NAMES` (what its certificate must cover),
`venues_of(host)` (whose faults concern a host) and `routes(emulator)`; see `binance_routes.py`. Start reading at `Emulator`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol, Self, cast, final
from weakref import WeakKeyDictionary

from aiohttp import web

from core.domain.candles import Candle
from core.domain.clock import Clock, SystemClock
from core.exchanges.ccxt.access import EmulatorAddress
from core.exchanges.paper.feed import Feed, HistoryFeed
from tests.emulator import binance_routes, bybit_routes
from tests.emulator.faults import Call
from tests.emulator.streams import Stream
from tests.emulator.tls import server_context, write_ca
from tests.emulator.transport import Act, Words, carry
from tests.emulator.world import EmulatedVenue

_HOST = "127.0.0.1"


class ExchangeModule(Protocol):
    """What an exchange must offer to be served."""

    DOMAINS: tuple[str, ...]
    NAMES: tuple[str, ...]

    def venues_of(self, host: str) -> tuple[str, ...]: ...

    def routes(self, emulator: Emulator) -> Iterable[web.RouteDef]: ...


_EXCHANGES = cast(tuple[ExchangeModule, ...], (binance_routes, bybit_routes))


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came, before any fault. `signed`: it carried a signature; `body` is its query or body, secrets never are in it."""

    venue: str
    method: str
    path: str
    signed: bool
    host: str = ""
    call: Call = Call.MARKET
    body: str = ""


@final
class Emulator:
    """Exchanges over a feed: `async with Emulator(feed) as emulator`.

    Args:
        feed: has venues binance_spot, binance_perp, bybit_spot, bybit_perp or some of them; it is run while the server is.
        latency_ms: mean round trip of a request; jitter comes from `seed`.
        depth_interval_s: how long book changes are gathered before a diff stream tells them; 100 ms on real venues.
        ca_file: where the CA goes; a temporary directory without it.

    Attributes:
        venues: by name.
        requests: every HTTP request so far.
        can_trade, can_withdraw: what the API key is allowed.
        markets_of_key: 'spot', 'perp': where it may trade, if it may at all.
        closing: set when the server goes down; hanging requests wait for it.
    """

    def __init__(
        self,
        feed: Feed,
        clock: Clock | None = None,
        *,
        latency_ms: float = 2.0,
        seed: int = 0,
        port: int = 0,
        depth_interval_s: float = 0.1,
        ca_file: Path | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.depth_interval_s = depth_interval_s
        self.seed = seed
        self.requests: list[Request] = []
        self.can_trade = True
        self.can_withdraw = False
        self.markets_of_key = {"spot", "perp"}
        self.closing = asyncio.Event()
        self.venues = {
            name: EmulatedVenue(name, instruments, self.clock, seed, latency_ms) for name, instruments in feed.instruments().items()
        }
        self._feed = feed
        self._port = port
        self._ca_file = ca_file
        self._directory: TemporaryDirectory[str] | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._connections: WeakKeyDictionary[asyncio.Transport, str] = WeakKeyDictionary()
        self._busy: WeakKeyDictionary[asyncio.Transport, int] = WeakKeyDictionary()
        for name, venue in self.venues.items():
            feed.attach(name, venue.consume)
            venue.when_dropping_idle(lambda name=name: self._drop_idle(name))  # type: ignore[misc]  # mypy can't infer a default argument's type

    def may_trade(self, venue: str) -> bool:
        """Whether the API key is good for orders there."""
        return self.can_trade and venue.rpartition("_")[2] in self.markets_of_key

    @property
    def address(self) -> EmulatorAddress:
        """What a client of ours needs to come here instead of to the exchanges. Known while it is served."""
        assert self._ca_file is not None
        return EmulatorAddress(_HOST, self._port, self._ca_file)

    async def __aenter__(self) -> Self:
        if self._ca_file is None:
            self._directory = TemporaryDirectory(prefix="emulator")
            self._ca_file = Path(self._directory.name) / "ca.pem"
        write_ca(self._ca_file)
        app = web.Application(middlewares=[self._middleware()])
        for exchange in _EXCHANGES:
            routes = list(exchange.routes(self))
            for domain in exchange.DOMAINS:
                inner = web.Application()
                inner.add_routes(routes)
                app.add_domain(domain, inner)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self.listen()
        self.spawn(self._feed.run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in self.streams():
            await stream.kick()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._directory is not None:
            self._directory.cleanup()

    async def listen(self) -> None:
        """Open the port, the same one again after `stop_listening`."""
        assert self._runner is not None
        names = [name for exchange in _EXCHANGES for name in exchange.NAMES]
        self._site = web.TCPSite(self._runner, _HOST, self._port, ssl_context=server_context(names, self._refuses), reuse_address=True)
        await self._site.start()
        server = self._site._server
        assert isinstance(server, asyncio.Server)
        self._port = server.sockets[0].getsockname()[1]

    async def stop_listening(self) -> None:
        """Close the port and cut every connection: all exchanges are gone until `listen`."""
        assert self._site is not None
        await self._site.stop()
        for transport in list(self._connections):
            transport.abort()

    @property
    def is_quiet(self) -> bool:
        """No request is under way and no message waits to leave; what has left may still be on its way to the client."""
        return not self._under_way and not any(stream.waiting for stream in self.streams())

    def streams(self) -> list[Stream]:
        """Every open stream of every venue."""
        return list({stream for venue in self.venues.values() for stream in venue.streams})

    def spawn(self, work: Awaitable[None]) -> None:
        """Run `work` until the server goes down."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something after a while, unless the server goes down before."""

        async def wait() -> None:
            await self.clock.sleep(seconds)
            act()

        self.spawn(wait())

    async def carry(
        self, venue: EmulatedVenue, request: web.Request, call: Call, act: Act, words: Words, *, signed: bool, body: str = ""
    ) -> web.StreamResponse:
        """Note a request, then see `transport.carry`."""
        self.requests.append(Request(venue.name, request.method, request.path, signed, request.host, call, body))
        self._under_way += 1
        try:
            return await carry(self, venue, request, call, act, words)
        finally:
            self._under_way -= 1

    def candles(self, venue: EmulatedVenue, symbol: str, since_us: int, until_us: int) -> list[Candle]:
        """The feed's minutes, none when it does not know its past."""
        return list(self._feed.candles(venue.name, symbol, since_us, until_us)) if isinstance(self._feed, HistoryFeed) else []

    def _venues_of(self, host: str) -> tuple[str, ...]:
        return tuple(name for exchange in _EXCHANGES for name in exchange.venues_of(host))

    def _refuses(self, host: str) -> bool:
        return any(self.venues[name].faults.refusing for name in self._venues_of(host) if name in self.venues)

    def _drop_idle(self, venue: str) -> None:
        for transport, host in list(self._connections.items()):
            if venue in self._venues_of(host) and not self._busy.get(transport):
                transport.abort()

    def _middleware(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        @web.middleware
        async def note(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
            """Remember which connections there are and which of them are waiting for us."""
            transport = request.transport
            if transport is None:
                return await handler(request)
            self._connections[transport] = request.host.partition(":")[0]
            self._busy[transport] = self._busy.get(transport, 0) + 1
            try:
                return await handler(request)
            finally:
                self._busy[transport] -= 1

        return note
