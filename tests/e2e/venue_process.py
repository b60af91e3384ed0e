"""The venues of the crash test, in a process that outlives every desk and alone knows what is true.

They are the paper venues on the demo's market, with some of a network's faults. A desk talks to them over a socket:
a request is (number, venue, method, arguments), an answer (number, whether it worked, what came of it), and what their
streams say goes to every desk that listens. A desk that is killed has requests on the wire: those still arrive.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, final

from core.domain.clock import ScaledClock, SystemClock
from core.domain.errors import FathomError
from core.domain.market import MarketMessage
from core.exchanges.connector import AccountEvent, NewOrder
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.faults import Call, Fault, StreamFault
from core.exchanges.paper.synthetic import SyntheticFeed
from tests.e2e.agreement import Truth
from tests.e2e.frames import frame, read_frame, shared_now_us

VENUES = ("binance_spot", "binance_perp", "okx_spot")
SYMBOL = "BTC/USDT"
LATENCY_MS = 20.0


@final
class VenueServer:
    """Serves the venues to whoever connects."""

    def __init__(self, seed: int, epoch_us: int, speed: float) -> None:
        clock = ScaledClock(shared_now_us(SystemClock().now_us(), epoch_us, speed), speed)
        self._feed = SyntheticFeed(clock, seed=seed, venues=VENUES, symbols=(SYMBOL,))
        self._venues = {venue: PaperConnector(venue, self._feed, clock, latency_ms=LATENCY_MS, seed=seed) for venue in VENUES}
        self._desks: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._creates: Counter[str] = Counter()

    async def serve(self, tell_port: Connection) -> None:
        """Until cancelled."""
        for venue, connector in self._venues.items():
            connector.on_market(partial(self._broadcast, "market", venue))
            connector.on_account(partial(self._broadcast, "account", venue))
            self._misbehave(connector)
            await connector.open()
            await connector.subscribe(SYMBOL)
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        tell_port.send(server.sockets[0].getsockname()[1])
        async with server:
            await self._feed.run()

    @staticmethod
    def _misbehave(connector: PaperConnector) -> None:
        faults = connector.faults
        for fault in (Fault.LOST_ACK, Fault.CLOSED_BEFORE, Fault.CLOSED_AFTER, Fault.TIMEOUT_PLACED, Fault.RATE_LIMITED):
            faults.chance(fault, 0.01)
        faults.chance(Fault.CLOSED_AFTER, 0.02, Call.CANCEL)
        faults.chance(Fault.REFUSED_CONNECTION, 0.02, Call.QUERY)
        for stream_fault in (StreamFault.DROPPED, StreamFault.DUPLICATED, StreamFault.DELAYED):
            faults.chance(stream_fault, 0.02)

    def _broadcast(self, stream: str, venue: str, event: MarketMessage | AccountEvent) -> None:
        if self._desks:
            data = frame((None, stream, venue, event))
            for desk in self._desks:
                desk.write(data)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_frame(reader)) is not None:
                task = asyncio.ensure_future(self._answer(request, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        finally:
            self._desks.discard(writer)
            writer.close()

    async def _answer(self, request: tuple[Any, ...], writer: asyncio.StreamWriter) -> None:
        number, venue, method, arguments, named = request
        try:
            answer = (number, True, await self._do(venue, method, arguments, named, writer))
        except FathomError as error:
            answer = (number, False, error)
        if not writer.is_closing():
            writer.write(frame(answer))

    async def _do(self, venue: str, method: str, arguments: tuple[Any, ...], named: dict[str, Any], writer: asyncio.StreamWriter) -> Any:
        match method:
            case "listen":
                for name, connector in self._venues.items():  # the books as they are now, and every change after that
                    writer.write(frame((None, "market", name, connector.truth.snapshot(SYMBOL))))
                self._desks.add(writer)
                return None
            case "describe":
                return {name: (connector.capabilities, dict(connector.instruments)) for name, connector in self._venues.items()}
            case "calm":
                for connector in self._venues.values():
                    connector.faults.clear()
                return None
            case "truth":
                return self._truth()
            case "create_order":
                (order,) = arguments
                assert isinstance(order, NewOrder)
                self._creates[order.client_id] += 1
        return await getattr(self._venues[venue], method)(*arguments, **named)

    def _truth(self) -> Truth:
        exchanges = [connector.truth for connector in self._venues.values()]
        orders = [order.report() for exchange in exchanges for order in exchange.orders.values()]
        return Truth(self._creates, orders, [fill for exchange in exchanges for fill in exchange.fills])


def run_venues(tell_port: Connection, seed: int, epoch_us: int, speed: float) -> None:
    """The process's main: says its port and serves until it is killed."""
    asyncio.run(VenueServer(seed, epoch_us, speed).serve(tell_port))
