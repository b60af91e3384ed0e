"""Bybit v5's front door, spot and linear perps behind one: which path is whose, who may knock, how it answers.

Everything but a ban is an HTTP 200; what happened stands in `retCode`. Requests that name no category (the wallet, the
key's permissions) suffer the faults and keep the time of `bybit_spot` where that is served, else of `bybit_perp`.
https://bybit-exchange.github.io/docs/v5/guide
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

import orjson
from aiohttp import web

from tests.emulator import bybit_account, bybit_public, bybit_queries, bybit_trade
from tests.emulator.bybit_errors import BybitError, bad_request
from tests.emulator.bybit_exchange import Bybit, Params
from tests.emulator.bybit_gate import TOO_MANY, check_signature, limit_headers
from tests.emulator.bybit_private_stream import PrivateStreams
from tests.emulator.bybit_public_stream import PublicStreams
from tests.emulator.bybit_words import Row
from tests.emulator.faults import Call
from tests.emulator.wire import answer
from tests.emulator.world import EmulatedVenue

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

DOMAINS = ("*.bybit.com",)
NAMES = ("*.bybit.com",)

Handler = Callable[[Bybit, Params], Row]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path.

    Attributes:
        per_s: requests a second that one account may make, per category; 0 is a public one, which needs no signature.
    """

    act: Handler
    call: Call
    per_s: int = 0


# Limits of a unified account: https://bybit-exchange.github.io/docs/v5/rate-limit
ENDPOINTS = {
    "GET /v5/market/time": Endpoint(bybit_public.server_time, Call.MARKET),
    "GET /v5/market/instruments-info": Endpoint(bybit_public.instruments_info, Call.MARKET),
    "GET /v5/market/orderbook": Endpoint(bybit_public.orderbook, Call.MARKET),
    "GET /v5/market/kline": Endpoint(bybit_public.kline, Call.MARKET),
    "GET /v5/market/recent-trade": Endpoint(bybit_public.recent_trades, Call.MARKET),
    "POST /v5/order/create": Endpoint(bybit_trade.create, Call.CREATE, 20),
    "POST /v5/order/amend": Endpoint(bybit_trade.amend, Call.AMEND, 10),
    "POST /v5/order/cancel": Endpoint(bybit_trade.cancel, Call.CANCEL, 20),
    "POST /v5/order/cancel-all": Endpoint(bybit_trade.cancel_all, Call.CANCEL, 20),
    "GET /v5/order/realtime": Endpoint(bybit_queries.realtime, Call.QUERY, 50),
    "GET /v5/order/history": Endpoint(bybit_queries.history, Call.QUERY, 50),
    "GET /v5/execution/list": Endpoint(bybit_queries.executions, Call.QUERY, 50),
    "GET /v5/position/list": Endpoint(bybit_queries.positions, Call.QUERY, 50),
    "GET /v5/account/wallet-balance": Endpoint(bybit_account.wallet_balance, Call.QUERY, 50),
    "GET /v5/account/fee-rate": Endpoint(bybit_account.fee_rate, Call.QUERY, 10),
    "GET /v5/account/info": Endpoint(bybit_account.account_info, Call.QUERY, 50),
    "GET /v5/user/query-api": Endpoint(bybit_account.query_api, Call.QUERY, 10),
    "GET /v5/asset/coin/query-info": Endpoint(bybit_account.coin_info, Call.QUERY, 5),
    "POST /v5/position/set-leverage": Endpoint(bybit_account.set_leverage, Call.SETTING, 10),
    "POST /v5/account/set-margin-mode": Endpoint(bybit_account.set_margin_mode, Call.SETTING, 10),
    "POST /v5/position/switch-isolated": Endpoint(bybit_account.switch_isolated, Call.SETTING, 10),
}


_opened: WeakKeyDictionary[Emulator, Bybit] = WeakKeyDictionary()


def bybit_of(emulator: Emulator) -> Bybit:
    """Bybit's own switches, besides each venue's faults."""
    return _opened[emulator]


def venues_of(host: str) -> tuple[str, ...]:
    """Both markets share their hosts."""
    return ("bybit_spot", "bybit_perp") if host.endswith(".bybit.com") else ()


def routes(emulator: Emulator) -> list[web.RouteDef]:
    """REST, and a socket for each category and for the account."""
    bybit = Bybit(emulator)
    if not bybit.markets:
        return []
    _opened[emulator] = bybit
    private = PrivateStreams(emulator, bybit)
    sockets = [web.get(f"/v5/public/{category}", PublicStreams(emulator, market).serve) for category, market in bybit.markets.items()]
    return [*sockets, web.get("/v5/private", private.serve), web.route("*", "/v5/{path:.*}", _Rest(emulator, bybit).serve)]


class _Rest:
    def __init__(self, emulator: Emulator, bybit: Bybit) -> None:
        self._emulator = emulator
        self._bybit = bybit

    async def serve(self, request: web.Request) -> web.StreamResponse:
        endpoint = ENDPOINTS.get(f"{request.method} {request.path}")
        if endpoint is None:
            return web.Response(status=404, text="Not Found")
        said = await request.text() if request.method == "POST" else request.rel_url.raw_query_string
        params = _params(request.method, said)
        market = self._bybit.markets.get((params or {}).get("category", ""))
        venue = self._bybit.front if market is None else market.venue

        def act() -> web.Response:
            headers: dict[str, str] = {}
            try:
                if endpoint.per_s:
                    check_signature(request.headers, said, venue.now_ms())
                    what = f"{request.path} {market.category if market else ''}"
                    headers = self._bybit.limits.take(what, endpoint.per_s, venue.faults.clock_skew_ms)
                if params is None:
                    raise bad_request("params error: the body is not a JSON object")
                return _answer(venue, 0, "OK", endpoint.act(self._bybit, params), headers)
            except BybitError as error:
                return _answer(venue, error.code, error.text, error.result, headers | error.headers)

        def words(status: int, seconds: int) -> web.Response:
            if status >= 500:
                body = {"retCode": 170131, "retMsg": "Insufficient balance.", "result": {}, "retExtInfo": {}, "time": venue.now_ms()}
                return answer(body, status=status)
            if status != 429:
                return web.Response(status=403, text="403, access too frequent")
            return _answer(venue, 10006, TOO_MANY, {}, limit_headers(endpoint.per_s, 0, venue.now_ms() + seconds * 1000))

        return await self._emulator.carry(venue, request, endpoint.call, act, words, signed="X-BAPI-SIGN" in request.headers, body=said)


def _params(method: str, said: str) -> Params | None:
    """All as text; None when the body can't be read."""
    if method != "POST":
        return dict(parse_qsl(said, keep_blank_values=True))
    try:
        body = orjson.loads(said)
    except orjson.JSONDecodeError:
        return None
    return (
        {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in body.items()}
        if isinstance(body, dict)
        else None
    )


def _answer(venue: EmulatedVenue, code: int, words: str, result: Row, headers: dict[str, str]) -> web.Response:
    body = {"retCode": code, "retMsg": words, "result": result, "retExtInfo": {}, "time": venue.now_ms()}
    return answer(body, headers=headers)
