"""What is special about an exchange, in one table: everything else in this room treats all of them alike.

An exchange that is not in the table works on the defaults, which assume little: no amend in place, cancels by the venue's own
id, orders found in lists. Figures of rate limits are ours to keep, and stay under the exchange's own; each names its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from core.domain.enums import MarketType
from core.exchanges.ccxt.venues import parse_venue
from core.exchanges.connector import Capabilities
from core.exchanges.limiter import RateLimits

Sandbox = Literal["testnet", "demo"]


class LookUp(StrEnum):
    """A place where an order may be found."""

    BY_ID = "by_id"  # one order, open or ended, by client id
    OPEN_BY_ID = "open_by_id"  # among open and just ended orders, by client id
    HISTORY_BY_ID = "history_by_id"  # among ended orders, by client id
    OPEN = "open"  # the list of open orders
    HISTORY = "history"  # the list of ended orders
    TRADES_BY_ID = "trades_by_id"  # our trades, by client id
    TRADES = "trades"  # the list of our trades


class Paging(StrEnum):
    """How the next page of our trades is asked for."""

    SINCE = "since"  # from the time of the last one
    FROM_ID = "from_id"  # from the id after the last one
    CURSOR = "cursor"  # with what the page says
    AFTER = "after"  # what is older than the last one
    OFFSET = "offset"  # counted


@dataclass(frozen=True, slots=True)
class Quirks:
    """One exchange of ccxt.

    Attributes:
        options: for ccxt's client.
        sandbox: which of ccxt's two switches leads to what it has for trying out: its test network (okx's is demo trading on the real
            hosts, told by a header), or demo trading; None: neither.
        fees_in_sandbox: what the account pays can be asked there as well.
        book_depths: depths that its book stream can be asked for; empty: ask for none and cut ourselves, because a small limit
            truncates the book that ccxt maintains (FACTS.md).
        client_id: the parameter that carries our id when an order is placed.
        client_id_to_find: the parameter that names it afterwards; None: it can't be named, only found.
        client_id_prefix: what ccxt puts before it; an id without that is somebody else's remark (gate's "web").
        order_client_id: where the raw order has our id, where ccxt takes something else for it; empty: ccxt is right.
        trade_client_id: where the raw trade of its *stream* has our id; none of the keys fits: it has only the venue's.
        fee_words: where the raw trade has its fee and what that is paid in; ccxt drops Binance's rebates from streams.
        fee_words_are_flows: those are changes of the balance: negative is charged, positive a rebate.
        amends: a live order's price and amount change in place, under the same ids.
        amend_by_venue_id: it names the order by the venue's own id only.
        answers_bare: create and amend answer with ids and nothing else (Bybit, okx): the rest is known from what we asked.
        fill_or_kill: knows that time in force.
        immediate_or_cancel: how ccxt wants to be told that one; by another word krakenfutures' order would rest.
        amounts_in_base: ccxt counts its contracts in base already (deribit).
        margin_mode_per_order: the mode is said with every order and not set before.
        perp_wallet: what the balances of perps are asked for by; for Kraken that is a wallet's name.
        look_ups: where to look for an order, in this order; it is absent only when all of them say so.
        proves_absence: and then it is. Our ids are known to come back, and lists to be whole: where ccxt picks out of a list what was
            asked for, we can't count what the exchange gave. Without it whoever shows nothing may still hold the order.
        trades_by_order: the parameter that filters our trades by the venue's order id; None: there is none.
        paging, page: how our trades are paged, and how many a page has at most.
        trade_window_days: the longest time that one question about trades may span; without times it is the *last* so many days.
        rates: what it may be asked for.
        late_s: see `Capabilities`.
    """

    options: Mapping[str, object] = field(default_factory=dict)
    sandbox: Sandbox | None = None
    fees_in_sandbox: bool = True
    book_depths: tuple[int, ...] = ()
    client_id: str = "clientOrderId"
    client_id_to_find: str | None = None
    client_id_prefix: str = ""
    order_client_id: tuple[str, ...] = ()
    trade_client_id: tuple[str, ...] = ("clientOrderId", "clientOid", "client_order_id", "clOrdId", "text", "label", "cloid")
    fee_words: tuple[tuple[str, str], ...] = ()
    fee_words_are_flows: bool = False
    amends: bool = False
    amend_by_venue_id: bool = False
    answers_bare: bool = False
    fill_or_kill: bool = True
    immediate_or_cancel: str = "IOC"
    amounts_in_base: bool = False
    margin_mode_per_order: bool = False
    perp_wallet: str = "swap"
    look_ups: tuple[LookUp, ...] = (LookUp.OPEN, LookUp.HISTORY, LookUp.TRADES)
    proves_absence: bool = False
    trades_by_order: str | None = None
    paging: Paging = Paging.SINCE
    page: int = 100
    trade_window_days: int | None = None
    rates: RateLimits = field(default_factory=RateLimits)
    late_s: float = 45.0


# 100 orders in 10 s; weight 6000 a minute, of which a look-up takes 4 to 20.
# https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
# Demo trading and not its test network: that has other keys than USD-M's, and demo trading has one pair for both.
_BINANCE = Quirks(
    sandbox="demo",
    fees_in_sandbox=False,  # no /sapi there: https://developers.binance.com/docs/binance-spot-api-docs/demo-mode/general-info
    client_id_to_find="origClientOrderId",
    trade_client_id=("c",),
    fee_words=(("commission", "commissionAsset"), ("n", "N")),
    look_ups=(LookUp.BY_ID, LookUp.OPEN),
    proves_absence=True,
    trades_by_order="orderId",
    paging=Paging.FROM_ID,
    page=1000,
    rates=RateLimits(requests_per_s=8, burst=20, cancels_per_s=10, cancel_burst=40),
    late_s=0,  # the receive window that ccxt asks for is shorter
)

# 300 orders in 10 s and 1200 a minute; weight 2400 a minute, of which trades take 5.
# https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info; sandbox: FACTS.md
_BINANCE_USDM = Quirks(
    sandbox="demo",
    client_id_to_find="origClientOrderId",
    trade_client_id=("c",),
    fee_words=(("commission", "commissionAsset"), ("n", "N")),
    amends=True,
    amend_by_venue_id=True,
    look_ups=(LookUp.BY_ID, LookUp.OPEN),
    proves_absence=True,
    trades_by_order="orderId",
    paging=Paging.FROM_ID,
    page=1000,
    trade_window_days=7,
    rates=RateLimits(requests_per_s=8, burst=30, cancels_per_s=10, cancel_burst=40),
    late_s=0,  # the receive window that ccxt asks for is shorter
)

# Ten creates, ten amends and ten cancels a second (linear; spot twice as many), 50 queries, 600 requests in 5 s.
# https://bybit-exchange.github.io/docs/v5/rate-limit
_BYBIT = Quirks(
    sandbox="testnet",
    book_depths=(1, 50, 200, 1000),
    client_id_to_find="orderLinkId",
    trade_client_id=("orderLinkId",),
    amends=True,
    answers_bare=True,
    look_ups=(LookUp.OPEN_BY_ID, LookUp.HISTORY_BY_ID, LookUp.TRADES_BY_ID),
    proves_absence=True,
    trades_by_order="orderId",
    paging=Paging.CURSOR,
    page=100,
    trade_window_days=7,
    rates=RateLimits(requests_per_s=10, burst=10, for_orders=4, cancels_per_s=10, cancel_burst=10),
    late_s=0,  # the receive window that ccxt asks for is shorter
)

# 60 creates in 2 s an instrument, cancels and amends likewise, our trades 60 in 2 s.
# https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-place-order
# Its demo is what ccxt calls its sandbox. Fees are negative when charged; ccxt turns that round for answers, and not for the stream:
# https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-order-channel
_OKX = Quirks(
    sandbox="testnet",
    book_depths=(1, 5, 400),
    client_id="clOrdId",
    client_id_to_find="clOrdId",
    trade_client_id=("clOrdId",),
    fee_words=(("fillFee", "fillFeeCcy"),),
    fee_words_are_flows=True,
    amends=True,
    answers_bare=True,
    margin_mode_per_order=True,
    # An unfilled order is forgotten two hours after it was cancelled; one that traded is found by its trades.
    look_ups=(LookUp.BY_ID, LookUp.OPEN, LookUp.TRADES),
    proves_absence=True,
    trades_by_order="ordId",
    paging=Paging.AFTER,
    page=100,
    rates=RateLimits(requests_per_s=15, burst=20, cancels_per_s=15, cancel_burst=20),
    late_s=35,  # https://www.okx.com/docs-v5/en/#overview-rest-authentication: 30 s
)

# A counter of at most 15 that falls by a third a second (starter): of questions only, and a look-up of ours adds two. Orders and
# cancels are counted by the matching engine. A late order is refused for its nonce once we have asked anything since.
# https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits
_KRAKEN = Quirks(
    book_depths=(10, 25, 100, 500, 1000),
    client_id_to_find="cl_ord_id",
    # For ccxt the stream's orders are called by `order_userref`, a number that is 0 for everybody who sets none.
    order_client_id=("cl_ord_id",),
    trade_client_id=("cl_ord_id",),
    fill_or_kill=False,
    look_ups=(LookUp.OPEN_BY_ID, LookUp.HISTORY_BY_ID),
    proves_absence=True,
    paging=Paging.OFFSET,
    page=50,
    rates=RateLimits(
        requests_per_s=1, burst=10, for_orders=4, queries_per_s=0.16, query_burst=6, cancels_per_s=2, cancel_burst=15, pause_s=5
    ),
    late_s=0,
)

# Every order and every cancel costs 10 of 500 in 10 s. https://docs.kraken.com/api/docs/guides/futures-rate-limits
# It proves no absence: `fetchOrders` shows what ended in the last five seconds only, and what ccxt calls its closed and cancelled orders
# are picked out of events; a placed order is "canceled" there. https://docs.kraken.com/api/docs/futures-api/trading/get-order-status/
_KRAKEN_FUTURES = Quirks(
    sandbox="testnet",
    perp_wallet="flex",
    trade_client_id=("cliOrdId", "cli_ord_id"),
    fill_or_kill=False,
    immediate_or_cancel="ioc",
    rates=RateLimits(requests_per_s=2.5, burst=10, for_orders=4, cancels_per_s=2, cancel_burst=15),
)

QUIRKS: Mapping[str, Quirks] = MappingProxyType(
    {
        "binance": _BINANCE,
        "binanceusdm": _BINANCE_USDM,
        "bybit": _BYBIT,
        "okx": _OKX,
        "kraken": _KRAKEN,
        "krakenfutures": _KRAKEN_FUTURES,
        # A custom id is sent and told as "t-" and the id. Lists are picked by symbol and time over there. Of what ended without a fill
        # its futures forget after ten minutes. https://www.gate.com/docs/developers/apiv4/en/
        "gate": Quirks(client_id_prefix="t-", trade_client_id=("text",), proves_absence=True),
        "deribit": Quirks(client_id="label", order_client_id=("label",), trade_client_id=("label",), amounts_in_base=True),
        "coinbase": Quirks(client_id="client_order_id", trade_client_id=("client_order_id",)),
    }
)
_DEFAULTS = Quirks()


def quirks_of(ccxt_id: str) -> Quirks:
    """What is special about ccxt's `binanceusdm`; the defaults where nothing is known to be."""
    return QUIRKS.get(ccxt_id, _DEFAULTS)


def capabilities_of(venue: str) -> Capabilities:
    """What a venue can do natively. Icebergs are sliced by the engine everywhere: what venues hide, they also limit differently.

    Raises:
        UnknownVenue: not a venue's name.
    """
    parsed = parse_venue(venue)
    quirks, perp = quirks_of(parsed.ccxt_id), parsed.market_type is MarketType.PERP
    return Capabilities(amend=quirks.amends, reduce_only=perp, fill_or_kill=quirks.fill_or_kill, leverage=perp, late_s=quirks.late_s)


def rates_of(venue: str) -> RateLimits:
    """What a venue may be asked for.

    Raises:
        UnknownVenue: not a venue's name.
    """
    return quirks_of(parse_venue(venue).ccxt_id).rates
