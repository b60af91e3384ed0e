"""The private streams: spot through its WebSocket API, USD-M through listen keys.

Events leave by themselves, so they may overtake the answer to the request that caused them, or come long after it.
A listen key dies after an hour without a PUT, and its stream with it. Nothing is ever sent twice and nothing that was
missed is sent later.
https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream and
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, final

import orjson
from aiohttp import web

from tests.emulator.binance_account import Account
from tests.emulator.binance_errors import Refused, key_refused
from tests.emulator.binance_params import Params, check_key, check_signed
from tests.emulator.binance_words import execution_report, order_trade_update
from tests.emulator.orders import Change, OrderChange
from tests.emulator.streams import Stream, StreamKind
from tests.emulator.world import EmulatedVenue

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

_LISTEN_KEY_LIFE_MS = 3_600_000
_PUBLIC = ("ping", "time", "exchangeInfo", "depth", "klines", "trades.recent")

Method = Callable[[Params], object]


@final
class ListenKeys:
    """USD-M: one key per account, the same again while it lives."""

    def __init__(self, emulator: Emulator, venue: EmulatedVenue) -> None:
        self._emulator = emulator
        self._venue = venue
        self._key = ""
        self._made = 0
        self._until_ms = 0

    def start(self, _: Params) -> object:
        if not self._is_alive():
            self._made += 1
            self._key = f"listenkey{self._made:055d}"
        self._until_ms = self._venue.now_ms() + _LISTEN_KEY_LIFE_MS
        return {"listenKey": self._key}

    def keep_alive(self, _: Params) -> object:
        if not self._is_alive():
            raise Refused(-1125, "This listenKey does not exist.")
        self._until_ms = self._venue.now_ms() + _LISTEN_KEY_LIFE_MS
        return {"listenKey": self._key}

    def end(self, _: Params) -> object:
        self.expire()
        return {}

    def expire(self) -> None:
        """Let the key die now: its streams say so and tell no more."""
        now_ms = self._venue.now_ms()
        for stream in list(self._venue.streams):
            if stream.kind is StreamKind.ACCOUNT:
                stream.reply({"e": "listenKeyExpired", "E": now_ms, "listenKey": self._key})
                stream.topics.clear()
        self._key, self._until_ms = "", 0

    async def serve(self, request: web.Request, key: str) -> web.WebSocketResponse:
        """One connection. A key that is not alive is heard of nothing."""
        stream = Stream(request, StreamKind.ACCOUNT, (self._venue,), self._emulator.clock)
        if key == self._key and self._is_alive():
            stream.topics.add("account")

        async def on_text(frame: str) -> None:
            stream.reply({"result": None, "id": orjson.loads(frame).get("id")})

        return await stream.serve(on_text)

    def _is_alive(self) -> bool:
        return bool(self._key) and self._venue.now_ms() < self._until_ms


@final
class SpotSocketApi:
    """Spot: requests over a WebSocket, and the account's events on the same one after `userDataStream.subscribe.signature`."""

    def __init__(self, emulator: Emulator, venue: EmulatedVenue, methods: dict[str, Method]) -> None:
        self._emulator = emulator
        self._venue = venue
        self._methods = methods

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        stream = Stream(request, StreamKind.ACCOUNT, (self._venue,), self._emulator.clock)

        async def on_text(frame: str) -> None:
            await self._emulator.clock.sleep(self._venue.leg_s())
            stream.reply(self._answer(stream, frame), self._venue.leg_s())

        return await stream.serve(on_text)

    def _answer(self, stream: Stream, frame: str) -> dict[str, object]:
        try:
            asked = orjson.loads(frame)
            number, method = asked["id"], asked["method"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return {"id": None, "status": 400, "error": {"code": -1135, "msg": "Invalid JSON Request"}}
        try:
            result = self._act(stream, method, asked.get("params") or {})
        except Refused as error:
            return {"id": number, "status": error.status, "error": error.body(), "rateLimits": []}
        return {"id": number, "status": 200, "result": result, "rateLimits": []}

    def _act(self, stream: Stream, method: str, values: dict[str, object]) -> object:
        params = Params(self._venue, {name: _plain(value) for name, value in values.items()})
        if method not in _PUBLIC:
            self._check(params)
        if method == "userDataStream.subscribe.signature":
            stream.topics.add("account")
            return {"subscriptionId": 0}
        if method == "userDataStream.unsubscribe":
            stream.topics.discard("account")
            return {}
        if method not in self._methods:
            raise Refused(-1000, f"Unknown method '{method}'.", 404)
        if method.startswith("order.") and not self._emulator.may_trade(self._venue.name):
            raise key_refused()
        return self._methods[method](params)

    def _check(self, params: Params) -> None:
        """Over a WebSocket what is signed is the parameters in the order of their names."""
        check_key(params.get("apiKey"))
        signed = "&".join(f"{name}={params.values[name]}" for name in sorted(params.values) if name != "signature")
        check_signed(params, signed, params.get("signature"))


def _plain(value: object) -> str:
    """As it stands in the signed text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@final
class UserEvents:
    """Turns every change of an order into the events of its market, for whoever listens."""

    def __init__(self, venue: EmulatedVenue, account: Account) -> None:
        self._venue = venue
        self._account = account
        venue.on_order(self._on_change)

    def _on_change(self, change: OrderChange) -> None:
        symbol = change.order.symbol
        if not self._venue.is_perp:
            self._tell({"subscriptionId": 0, "event": execution_report(self._venue, change)})
            self._tell({"subscriptionId": 0, "event": self._account.account_position(symbol)})
            return
        if change.kind is Change.TRADE:
            self._tell(self._account.account_update(symbol))
        self._tell(order_trade_update(self._venue, change))

    def _tell(self, event: dict[str, object]) -> None:
        for stream in self._venue.streams:
            if "account" in stream.topics:
                stream.tell(event, self._venue, self._venue.stream_s())
