"""ccxt's own clients, unmodified, pointed at the emulator by nothing but a resolver and a CA.

Closing one is the hard part: ccxt leaves dials and pings running that nobody owns.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from core.exchanges.ccxt.access import EmulatorAddress, make_session
from tests.emulator.streams import StreamKind
from tests.emulator.wire import KEY, SECRET
from tests.emulator.world import EmulatedVenue

PERP_SYMBOL = "BTC/USDT:USDT"


@dataclass(frozen=True, slots=True)
class OneMarket:
    """A client of ccxt's and the venue it speaks to. `symbol` is ccxt's word for `BTC/USDT` there."""

    client: Any
    symbol: str
    venue: EmulatedVenue

    async def has_private_stream(self) -> None:
        """Wait until the venue tells somebody of our orders, and the client is past logging in and waits for them.

        A stream that is cut while ccxt logs in or loads its snapshots leaves a failed future that nobody looks at.
        """
        await eventually(lambda: any(stream.topics for stream in self.venue.streams if stream.kind is StreamKind.ACCOUNT) and self._waits())

    def _waits(self) -> bool:
        futures = {name: future for socket in self.client.clients.values() for name, future in socket.futures.items()}
        loaded = all(future.done() for name, future in futures.items() if name.endswith("Snapshot"))
        return loaded and any(name in ("orders", "myTrades") or name.endswith(":balance") for name in futures)


@asynccontextmanager
async def ccxt_client(name: str, address: EmulatorAddress, *, loaded: bool = True, **options: Any) -> AsyncIterator[Any]:
    """`ccxt.pro.<name>` with the account's key, and with loaded markets unless told otherwise."""
    import ccxt.pro

    session = make_session(address)
    config = {
        "apiKey": KEY,
        "secret": SECRET,
        "session": session,
        "enableRateLimit": False,
        "timeout": 5_000,
        "timeout_on_exit": 0,
    } | options
    client = getattr(ccxt.pro, name)(config)
    try:
        if loaded:
            await client.load_markets()
        yield client
    finally:
        await _close(client)
        await session.close()


@contextmanager
def listening(watch: Callable[[], Any], heard: list[Any]) -> Iterator[asyncio.Task[None]]:
    """Append copies of whatever `watch` brings to `heard`, through errors too, while the block runs."""

    async def listen() -> None:
        while True:
            try:
                heard.extend(dict(one) for one in await watch())
            except Exception as error:  # noqa: BLE001 — what ccxt raises is part of what was heard
                heard.append(error)
                await asyncio.sleep(0.01)  # a rejected future of ccxt's is ready again at once

    task = asyncio.ensure_future(listen())
    try:
        yield task
    finally:
        task.cancel()


async def eventually(condition: Callable[[], Any], within_s: float = 5.0) -> Any:
    """What `condition` returns, as soon as that is true.

    Raises:
        TimeoutError: it never was.
    """
    async with asyncio.timeout(within_s):
        while not (met := condition()):  # noqa: ASYNC110 — conditions of both ends of a socket; no one place could set an event
            await asyncio.sleep(0.002)
    return met


async def _close(client: Any) -> None:
    try:
        await client.close()
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise  # it is the test that is over, not one of ccxt's futures
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and _is_of_ccxt(task)]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _is_of_ccxt(task: asyncio.Task[Any]) -> bool:
    coroutine = task.get_coro()
    return inspect.iscoroutine(coroutine) and "/ccxt/" in coroutine.cr_code.co_filename.replace("\\", "/").replace(
        "core/exchanges/ccxt", ""
    )
