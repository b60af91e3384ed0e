"""Binance's front door: which path of which host is what, and who may knock.

Spot and USD-M are two exchanges behind one name. `sapi` (fees, key permissions) belongs to spot although USD-M clients ask
it too. Paths that ccxt asks for and that need no answer of ours (COIN-M, margin) answer with nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from tests.emulator.binance_account import Account
from tests.emulator.binance_errors import Refused, key_refused, words
from tests.emulator.binance_limits import Limits
from tests.emulator.binance_market import Market
from tests.emulator.binance_orders import Orders
from tests.emulator.binance_params import Params, check_key, check_signed, split_signature
from tests.emulator.binance_streams import MarketStreams
from tests.emulator.binance_user import ListenKeys, Method, SpotSocketApi, UserEvents
from tests.emulator.faults import Call
from tests.emulator.wire import answer
from tests.emulator.world import EmulatedVenue

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

DOMAINS = ("*.binance.com", "*.binance.vision", "*.binancefuture.com")
NAMES = ("*.binance.com", "*.binance.vision", "*.testnet.binance.vision", "*.binancefuture.com")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path. `key`: needs the API key; `signed`: and a signature."""

    method: str
    path: str
    act: Method
    call: Call = Call.MARKET
    key: bool = False
    signed: bool = False


def venues_of(host: str) -> tuple[str, ...]:
    """USD-M has hosts of its own."""
    if not host.endswith((".binance.com", ".binance.vision", ".binancefuture.com")):
        return ()
    return ("binance_perp",) if "fapi" in host or "fstream" in host or "binancefuture" in host else ("binance_spot",)


def routes(emulator: Emulator) -> list[web.RouteDef]:
    """Everything that is served under Binance's hosts, for the markets that the feed has."""
    found: list[web.RouteDef] = []
    if (venue := emulator.venues.get("binance_spot")) is not None:
        found += _spot(emulator, venue)
    if (venue := emulator.venues.get("binance_perp")) is not None:
        found += _perp(emulator, venue)
    return [*found, web.get("/dapi/v1/exchangeInfo", _nothing)]


def _spot(emulator: Emulator, venue: EmulatedVenue) -> list[web.RouteDef]:
    limits = Limits(venue)
    market, orders, account = Market(emulator, venue, limits), Orders(venue, limits), Account(emulator, venue)
    UserEvents(venue, account)
    streams = MarketStreams(emulator, venue, market)
    endpoints = [
        *_market_endpoints("/api/v3", market),
        *_order_endpoints("/api/v3", orders),
        Endpoint("GET", "/api/v3/ticker/price", market.ticker_price),
        Endpoint("POST", "/api/v3/order/cancelReplace", orders.cancel_replace, Call.AMEND, signed=True),
        Endpoint("GET", "/api/v3/myTrades", orders.trades, Call.QUERY, signed=True),
        Endpoint("GET", "/api/v3/account", account.spot_account, Call.QUERY, signed=True),
        Endpoint("GET", "/api/v3/account/commission", account.commission, Call.QUERY, signed=True),
        Endpoint("GET", "/sapi/v1/asset/tradeFee", account.trade_fee, Call.QUERY, signed=True),
        Endpoint("GET", "/sapi/v1/account/apiRestrictions", account.api_restrictions, Call.QUERY, signed=True),
        Endpoint("GET", "/sapi/v1/capital/config/getall", lambda _: [], Call.QUERY, signed=True),
        Endpoint("GET", "/sapi/v1/margin/allPairs", lambda _: [], Call.QUERY, key=True),
        Endpoint("GET", "/sapi/v1/margin/isolated/allPairs", lambda _: [], Call.QUERY, key=True),
    ]
    socket_api = SpotSocketApi(
        emulator,
        venue,
        {
            "ping": market.ping,
            "time": market.time,
            "exchangeInfo": market.exchange_info,
            "depth": market.depth,
            "klines": market.klines,
            "trades.recent": market.trades,
            "order.place": orders.create,
            "order.cancel": orders.cancel,
            "order.status": orders.query,
            "order.cancelReplace": orders.cancel_replace,
            "openOrders.status": orders.open_orders,
            "allOrders": orders.all_orders,
            "myTrades": orders.trades,
            "account.status": account.spot_account,
        },
    )
    return [
        *(_route(emulator, venue, limits, endpoint) for endpoint in endpoints),
        web.get("/ws", streams.serve),
        web.get("/ws/{topic}", streams.serve),
        web.get("/stream", streams.serve),
        web.get("/ws-api/v3", socket_api.serve),
    ]


def _perp(emulator: Emulator, venue: EmulatedVenue) -> list[web.RouteDef]:
    limits = Limits(venue)
    market, orders, account = Market(emulator, venue, limits), Orders(venue, limits), Account(emulator, venue)
    UserEvents(venue, account)
    streams, keys = MarketStreams(emulator, venue, market), ListenKeys(emulator, venue)
    endpoints = [
        *_market_endpoints("/fapi/v1", market),
        *_order_endpoints("/fapi/v1", orders),
        Endpoint("GET", "/fapi/v1/premiumIndex", market.premium_index),
        Endpoint("PUT", "/fapi/v1/order", orders.amend, Call.AMEND, signed=True),
        Endpoint("GET", "/fapi/v1/openOrder", orders.open_order, Call.QUERY, signed=True),
        Endpoint("GET", "/fapi/v1/userTrades", orders.trades, Call.QUERY, signed=True),
        Endpoint("GET", "/fapi/v1/commissionRate", account.commission_rate, Call.QUERY, signed=True),
        Endpoint("GET", "/fapi/v1/accountConfig", account.account_config, Call.QUERY, signed=True),
        Endpoint("GET", "/fapi/v1/symbolConfig", account.symbol_config, Call.QUERY, signed=True),
        Endpoint("GET", "/fapi/v1/leverageBracket", account.leverage_brackets, Call.QUERY, signed=True),
        Endpoint("GET", "/fapi/v1/positionSide/dual", account.one_way, Call.QUERY, signed=True),
        Endpoint("POST", "/fapi/v1/leverage", account.set_leverage, Call.SETTING, signed=True),
        Endpoint("POST", "/fapi/v1/marginType", account.set_margin_type, Call.SETTING, signed=True),
        Endpoint("POST", "/fapi/v1/listenKey", keys.start, Call.SETTING, key=True),
        Endpoint("PUT", "/fapi/v1/listenKey", keys.keep_alive, Call.SETTING, key=True),
        Endpoint("DELETE", "/fapi/v1/listenKey", keys.end, Call.SETTING, key=True),
    ]
    for version in ("v2", "v3"):
        endpoints += [
            Endpoint("GET", f"/fapi/{version}/account", account.perp_account, Call.QUERY, signed=True),
            Endpoint("GET", f"/fapi/{version}/balance", account.balance, Call.QUERY, signed=True),
            Endpoint("GET", f"/fapi/{version}/positionRisk", account.position_risk, Call.QUERY, signed=True),
        ]

    async def private(request: web.Request) -> web.StreamResponse:
        return await keys.serve(request, request.query.get("listenKey", ""))

    return [
        *(_route(emulator, venue, limits, endpoint) for endpoint in endpoints),
        *(web.get(f"/{kind}/{tail}", streams.serve) for kind in ("public", "market") for tail in ("ws", "ws/{topic}", "stream")),
        web.get("/private/ws", private),
    ]


def _market_endpoints(root: str, market: Market) -> list[Endpoint]:
    paths = {
        "ping": market.ping,
        "time": market.time,
        "exchangeInfo": market.exchange_info,
        "depth": market.depth,
        "trades": market.trades,
        "aggTrades": market.agg_trades,
        "klines": market.klines,
    }
    return [Endpoint("GET", f"{root}/{path}", act) for path, act in paths.items()]


def _order_endpoints(root: str, orders: Orders) -> list[Endpoint]:
    all_open = "allOpenOrders" if root.startswith("/fapi") else "openOrders"
    return [
        Endpoint("POST", f"{root}/order", orders.create, Call.CREATE, signed=True),
        Endpoint("POST", f"{root}/order/test", orders.test, Call.QUERY, signed=True),
        Endpoint("DELETE", f"{root}/order", orders.cancel, Call.CANCEL, signed=True),
        Endpoint("DELETE", f"{root}/{all_open}", orders.cancel_all, Call.CANCEL, signed=True),
        Endpoint("GET", f"{root}/order", orders.query, Call.QUERY, signed=True),
        Endpoint("GET", f"{root}/openOrders", orders.open_orders, Call.QUERY, signed=True),
        Endpoint("GET", f"{root}/allOrders", orders.all_orders, Call.QUERY, signed=True),
    ]


def _route(emulator: Emulator, venue: EmulatedVenue, limits: Limits, endpoint: Endpoint) -> web.RouteDef:
    """One path as aiohttp wants it: what the venue does happens when the request arrives, faults and all."""

    async def serve(request: web.Request) -> web.StreamResponse:
        if venue.name not in venues_of(request.host.partition(":")[0]):
            raise web.HTTPNotFound
        query, body = request.query_string, await request.text()
        params = Params.parse(venue, f"{query}&{body}" if query and body else query + body)
        signed_text, signature = split_signature(query, body)
        key = request.headers.get("X-MBX-APIKEY")

        def act() -> web.Response:
            try:
                if (refusal := limits.count(endpoint.path, params.whole("limit"))) is not None:
                    return refusal
                if endpoint.key or endpoint.signed:
                    check_key(key)
                if endpoint.signed:
                    check_signed(params, signed_text, signature)
                if endpoint.call in (Call.CREATE, Call.CANCEL, Call.AMEND) and not emulator.may_trade(venue.name):
                    raise key_refused()
                return answer(endpoint.act(params), headers=limits.headers())
            except Refused as error:
                return error.response()

        return await emulator.carry(venue, request, endpoint.call, act, words, signed=bool(signature), body=signed_text)

    return web.route(endpoint.method, endpoint.path, serve)


async def _nothing(_: web.Request) -> web.StreamResponse:
    return answer({"symbols": []})
