"""The private socket: one for both markets. Orders, executions, positions and the wallet, each on its own topic.

What happens in one stroke is told together: an order that fills at once is never shown as New, its trades come in one
message, and whether the trades or the order come first is anybody's guess. Nothing is replayed after a reconnect.
https://bybit-exchange.github.io/docs/v5/websocket/private/order
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, final

from aiohttp import web

from tests.emulator.bybit_errors import LINEAR
from tests.emulator.bybit_exchange import Bybit, Market
from tests.emulator.bybit_gate import check_stream_signature
from tests.emulator.bybit_streams import Conversation
from tests.emulator.bybit_words import Row
from tests.emulator.orders import OrderChange
from tests.emulator.streams import Stream, StreamKind

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

_TOPICS = ("order", "execution", "position", "wallet")
_LOGGED_IN = "logged in"


@dataclass(slots=True)
class _Stroke:
    """What has happened since the last message: order number -> its latest row, trades in order, symbols that traded."""

    orders: dict[int, Row] = field(default_factory=dict)
    executions: list[Row] = field(default_factory=list)
    symbols: dict[str, None] = field(default_factory=dict)


class _PrivateConversation(Conversation):
    """Knows `auth`, and grants nothing before it."""

    def __init__(self, stream: Stream, bybit: Bybit) -> None:
        known = {*_TOPICS, *(f"{topic}.{category}" for topic in _TOPICS[:3] for category in bybit.markets)}
        super().__init__(stream, known.__contains__, lambda topic: None)
        self._bybit = bybit

    def on_request(self, op: str, args: list[Any], req_id: str) -> None:
        if op == "auth":
            self._log_in(args)
        elif op == "subscribe" and not self.stream.state.get(_LOGGED_IN):
            self.say(op, req_id, "Request not authorized")
        else:
            super().on_request(op, args, req_id)

    def pong(self, req_id: str) -> None:
        self.stream.reply({"req_id": req_id, "op": "pong", "args": [str(self._bybit.front.now_ms())], "conn_id": self.id})

    def _log_in(self, args: list[Any]) -> None:
        good = check_stream_signature(args, self._bybit.front.now_ms())
        self.stream.state[_LOGGED_IN] = good
        message: dict[str, object] = {"success": good, "ret_msg": "" if good else "error:USVC1111", "op": "auth", "conn_id": self.id}
        self.stream.reply(message if good else message | {"request": {"op": "auth", "args": args}})


@final
class PrivateStreams:
    """Every private connection."""

    def __init__(self, emulator: Emulator, bybit: Bybit) -> None:
        self._emulator = emulator
        self._bybit = bybit
        self._random = Random(f"bybit streams/{emulator.seed}")
        self._numbers = itertools.count(1)
        self._strokes: dict[str, _Stroke] = {}
        for market in bybit.markets.values():
            market.venue.on_order(lambda change, market=market: self._happened(market, change))  # type: ignore[misc]  # mypy can't infer a default argument's type

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until it ends."""
        venues = tuple(market.venue for market in self._bybit.markets.values())
        stream = Stream(request, StreamKind.ACCOUNT, venues, self._emulator.clock)
        return await stream.serve(_PrivateConversation(stream, self._bybit).hear)

    def _happened(self, market: Market, change: OrderChange) -> None:
        if market.category not in self._strokes:
            self._strokes[market.category] = _Stroke()
            asyncio.get_running_loop().call_soon(self._tell, market)
        stroke = self._strokes[market.category]
        stroke.orders[change.order.number] = market.order_row(change.order)
        if change.fill is not None:
            stroke.executions.append(market.execution_row(change.order, change.fill))
            stroke.symbols[change.order.symbol] = None

    def _tell(self, market: Market) -> None:
        stroke = self._strokes.pop(market.category)
        news: list[tuple[str, list[Row]]] = [("order", list(stroke.orders.values())), ("execution", stroke.executions)]
        if self._random.random() < 0.5:
            news.reverse()
        if market.category == LINEAR:
            news.append(("position", [market.position_row(symbol) for symbol in stroke.symbols]))
        news.append(("wallet", [self._bybit.wallet()]))
        for topic, rows in news:
            if rows:
                self._send(market, topic, rows)

    def _send(self, market: Market, topic: str, rows: list[Row]) -> None:
        delay_s = market.venue.stream_s()
        for stream in list(market.venue.streams):
            for granted in stream.topics & {topic, f"{topic}.{market.category}"}:
                message = {"id": f"emulator-{next(self._numbers)}", "topic": granted, "creationTime": market.venue.now_ms(), "data": rows}
                stream.tell(message, market.venue, delay_s)
