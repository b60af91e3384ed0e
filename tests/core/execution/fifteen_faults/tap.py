"""A tap on the wire to one venue: what was asked, when, and what came back. A doubled order shows here first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from core.domain.market import BookState
from core.exchanges.paper.connector import PaperConnector
from core.execution.order import Order
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.floor import Floor

V, OTHER = "binance_spot", "okx_spot"
NO_BIDS = {"100": "0", "99.5": "0", "99": "0"}
REQUESTS = ("create_order", "cancel_order", "amend_order", "find_order", "open_orders", "fills_of")


@dataclass(slots=True)
class Request:
    """One request. `answered_us` is None while it is under way; `answer` is what was returned or raised."""

    what: str
    client_id: str
    asked_us: int
    answered_us: int | None = None
    answer: object = None


class Tap:
    """Everything asked of `venue` from now on, in order."""

    def __init__(self, f: Floor, venue: str = V) -> None:
        self._clock = f.clock
        self.requests: list[Request] = []
        self.most_at_once: dict[str, int] = {}
        for name in REQUESTS:
            setattr(f.venues[venue], name, self._tapped(name, getattr(f.venues[venue], name)))

    def _tapped(self, name: str, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def tapped(*words: Any, **more: Any) -> Any:
            client_id = words[0].client_id if name == "create_order" else words[1] if len(words) > 1 else ""
            request = Request(name, client_id, self._clock.now_us())
            self.requests.append(request)
            under_way = sum(one.what == name and one.answered_us is None for one in self.requests)
            self.most_at_once[name] = max(self.most_at_once.get(name, 0), under_way)
            try:
                request.answer = await ask(*words, **more)
            except BaseException as error:
                request.answer = error
                raise
            finally:
                request.answered_us = self._clock.now_us()
            return request.answer

        return tapped

    def of(self, name: str) -> list[Request]:
        return [request for request in self.requests if request.what == name]

    def ids(self, name: str) -> list[str]:
        return [request.client_id for request in self.of(name)]


def begin(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Start asking for something, and look at the answer later or never."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    return task


async def resting(f: Floor, amount: str = "2", price: str = "99", **more: Any) -> Order:
    """An order that has been acknowledged and waits at the venue."""
    order = await f.start(amount=amount, price=price, strategy="best_price", **more)
    await f.wait(1)
    return order


def sell_into(f: Floor, price: str, size: str, venue: str = V) -> None:
    """Somebody offers `size` at `price`, below every other bid: our order there fills."""
    f.feeds[venue].change(asks={price: size}, bids=NO_BIDS)


def true_ids(f: Floor, venue: str = V) -> list[str]:
    """The client ids that the venue has ever taken, in order."""
    return list(f.venues[venue].truth.orders)


def open_at(venue: PaperConnector) -> int:
    return len(venue.truth.open_orders(SYMBOL))


def state_of(f: Floor, venue: str = V) -> BookState:
    return f.books.view(SYMBOL, None, f.clock.now_us()).books[venue].state
