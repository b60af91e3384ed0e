"""The venues that the contract is checked on, each behind the same few levers.

To add a connector: write a `VenueUnderTest` for it and put its factory into `FACTORIES`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

from core.domain.enums import OrderSide
from core.exchanges.connector import AccountEvent, ExchangeConnector
from core.exchanges.limited import LimitedConnector
from core.exchanges.limiter import RateLimits
from tests.contract.emulated import EMULATED
from tests.core.exchanges.paper_desk import PERP, SPOT, SYMBOL, ManualFeed, PaperDesk

T = TypeVar("T")


class VenueUnderTest(Protocol):
    """A connector, not yet open, and the world behind it: an instrument with tick 0.5 and lot 0.01, and a book that we set."""

    @property
    def connector(self) -> ExchangeConnector: ...

    @property
    def symbol(self) -> str: ...

    @property
    def heard(self) -> list[AccountEvent]:
        """What its private stream has said so far."""
        ...

    async def set_book(self, bids: Mapping[str, str], asks: Mapping[str, str]) -> None:
        """Show exactly these levels, price -> size."""
        ...

    async def print_trade(self, taker: OrderSide, price: str, size: str) -> None:
        """Let others trade."""
        ...

    async def do(self, request: Coroutine[Any, Any, T]) -> T:
        """Await a request while whatever time it needs passes."""
        ...

    async def settle(self) -> None:
        """Let everything that is under way arrive."""
        ...


class PaperUnderTest:
    """The paper venue on a feed by hand."""

    def __init__(self, desk: PaperDesk, connector: ExchangeConnector | None = None) -> None:
        self._desk = desk
        self.connector: ExchangeConnector = connector or desk.venue  # the type checker compares it with the protocol here
        self.symbol = SYMBOL
        self.heard = desk.heard

    @property
    def feed(self) -> ManualFeed:
        return self._desk.feed

    async def set_book(self, bids: Mapping[str, str], asks: Mapping[str, str]) -> None:
        self.feed.snapshot(bids, asks)

    async def print_trade(self, taker: OrderSide, price: str, size: str) -> None:
        self.feed.trade(taker, price, size)

    async def do(self, request: Coroutine[Any, Any, T]) -> T:
        return await self._desk.do(request)

    async def settle(self) -> None:
        await self._desk.clock.advance(1)


@asynccontextmanager
async def paper_spot() -> AsyncIterator[VenueUnderTest]:
    yield PaperUnderTest(PaperDesk(SPOT))


@asynccontextmanager
async def paper_perp() -> AsyncIterator[VenueUnderTest]:
    yield PaperUnderTest(PaperDesk(PERP))


@asynccontextmanager
async def limited_spot() -> AsyncIterator[VenueUnderTest]:
    desk = PaperDesk(SPOT)
    yield PaperUnderTest(desk, LimitedConnector(desk.venue, RateLimits(), desk.clock))


Factory = Callable[[], AbstractAsyncContextManager[VenueUnderTest]]
FACTORIES: Mapping[str, Factory] = {"paper spot": paper_spot, "paper perp": paper_perp, "within rate limits": limited_spot, **EMULATED}
