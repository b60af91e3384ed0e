"""One unified account over two markets: what Bybit's messages need and neither market knows alone.

The venue has one wallet; the truth keeps one ledger per market. `wallet` shows their sum, so a currency that both
hold reads larger than either market would spend.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, final

from core.exchanges.connector import Balance
from core.exchanges.paper.ledger import LEVERAGE
from tests.emulator.bybit_errors import LINEAR, SPOT, BybitError, No, bad_request, refuse
from tests.emulator.bybit_gate import RateLimits
from tests.emulator.bybit_words import Row, execution_row, millis, order_number, order_row
from tests.emulator.orders import OrderChange, WireFill, WireOrder
from tests.emulator.wire import text
from tests.emulator.world import EmulatedVenue, market_id

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

Params = dict[str, str]

_VENUES = {SPOT: "bybit_spot", LINEAR: "bybit_perp"}
ZERO = Decimal(0)
_CENT = Decimal("1e-8")


@dataclass(slots=True)
class Market:
    """One category and what its wire messages need besides the venue.

    Attributes:
        updated_us: order number -> when it last changed.
        updates: depth topic -> the update id it has come to, whether or not anybody heard it.
        forgotten: the highest number of order that `order/realtime` may have forgotten, see `forget_ended`.
    """

    category: str
    venue: EmulatedVenue
    updated_us: dict[int, int] = field(default_factory=dict)
    updates: dict[str, int] = field(default_factory=dict)
    forgotten: int = 0

    def symbol(self, params: Params) -> str:
        """The desk's symbol for `params['symbol']`.

        Raises:
            BybitError: missing, or not traded here.
        """
        market = params.get("symbol", "")
        if market_id(market) != market or market not in map(market_id, self.venue.instruments):
            raise refuse(self.category, No.SYMBOL)
        return self.venue.symbol_of(market)

    def find(self, params: Params) -> WireOrder | None:
        """The order that `orderId`, or else `orderLinkId`, names.

        Raises:
            BybitError: neither is given.
        """
        symbol = self.symbol(params)
        if wanted := params.get("orderId"):
            return self.venue.find(symbol, number=order_number(self.category, wanted))
        if wanted := params.get("orderLinkId"):
            return self.venue.find(symbol, client_id=wanted)
        raise bad_request("OrderId or orderLinkId is required.")

    def order_row(self, order: WireOrder) -> Row:
        updated_us = self.updated_us.get(order.number, order.created_us)
        return order_row(self.category, market_id(order.symbol), order, updated_us=updated_us)

    def execution_row(self, order: WireOrder, fill: WireFill) -> Row:
        before = order.fills[: order.fills.index(fill) + 1]
        leaves = order.amount - sum((one.amount for one in before), ZERO)
        return execution_row(self.category, market_id(order.symbol), order, fill, self.venue.instruments[order.symbol], leaves=leaves)

    def position_row(self, symbol: str) -> Row:
        """A position, flat ones too."""
        position, instrument = self.venue.positions.of(symbol), self.venue.instruments[symbol]
        leverage = self.venue.leverage.get(symbol, LEVERAGE)
        mark = self.venue.book(symbol).mid() or position.entry
        flat, entry, value = not position.amount, text(short(position.entry)), self.value(symbol)
        return {
            "category": self.category,
            "positionIdx": 0,
            "symbol": market_id(symbol),
            "side": "" if flat else "Buy" if position.amount > 0 else "Sell",
            "size": text(abs(position.amount)),
            "avgPrice": entry,
            "entryPrice": entry,
            "positionValue": "" if flat else text(short(value)),
            "leverage": str(leverage),
            "markPrice": text(mark.quantize(instrument.tick)),
            "unrealisedPnl": "" if flat else text(short(self.unrealised(symbol))),
            "positionIM": "" if flat else text(short(value / leverage)),
            "positionMM": "" if flat else text(short(value / 200)),
            "liqPrice": "",
            "bustPrice": "",
            "positionStatus": "Normal",
            "tradeMode": 0,
            "riskId": 1,
            "riskLimitValue": "2000000",
            "autoAddMargin": 0,
            "takeProfit": "",
            "stopLoss": "",
            "trailingStop": "0",
            "curRealisedPnl": text(short(position.realised)),
            "cumRealisedPnl": text(short(position.realised)),
            "adlRankIndicator": 0 if flat else 2,
            "isReduceOnly": False,
            "createdTime": millis(min((order.created_us for order in self.venue.orders.values()), default=0)),
            "updatedTime": str(self.venue.now_ms()),
            "seq": len(self.venue.truth.fills),
        }

    def value(self, symbol: str) -> Decimal:
        """What the position was entered at, in quote."""
        position = self.venue.positions.of(symbol)
        return abs(position.amount) * position.entry

    def unrealised(self, symbol: str) -> Decimal:
        """Profit of the position at the mid, in quote."""
        position, mark = self.venue.positions.of(symbol), self.venue.book(symbol).mid()
        return position.amount * (mark - position.entry) if mark is not None else ZERO

    def forget_ended(self) -> None:
        """What a restart of the venue's services does: ended orders are in the history from now on, and nowhere else."""
        self.forgotten = max(self.venue.orders, default=0)

    def restart_books(self) -> None:
        """What a restart of the market data service does: every topic's next message is a snapshot, and update 1."""
        self.updates = dict.fromkeys(self.updates, 0)

    def recalls(self, order: WireOrder) -> bool:
        """Whether `order/realtime` still knows it."""
        return order.is_open or order.number > self.forgotten

    def note(self, change: OrderChange) -> None:
        """Remember when the order last changed."""
        self.updated_us[change.order.number] = change.order.state.ts_us


@final
class Bybit:
    """Both markets, as far as the emulator has them.

    Attributes:
        markets: by category.
        page: most rows in one answer of `instruments-info`; small values make clients turn pages.
        limits: how many requests a second, as on the real venue; may be switched off.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.markets = {category: Market(category, emulator.venues[name]) for category, name in _VENUES.items() if name in emulator.venues}
        self.page = 1_000
        self.limits = RateLimits(emulator.clock)
        self.margin_mode = "REGULAR_MARGIN"
        for market in self.markets.values():
            market.venue.on_order(market.note)

    @property
    def front(self) -> EmulatedVenue:
        """Whose clock and faults account for requests that concern no market in particular."""
        return next(iter(self.markets.values())).venue

    def market(self, params: Params) -> Market:
        """The one that `category` names.

        Raises:
            BybitError: none that is here.
        """
        category = params.get("category", "")
        if category not in self.markets:
            raise BybitError(10001, "Illegal category" if category else "category is null")
        return self.markets[category]

    def wallet(self) -> Row:
        """The unified account, as `account/wallet-balance` and the stream's `wallet` topic show it."""
        coins: list[Row] = []
        ledgers = {category: dict(market.venue.truth.ledger.balances()) for category, market in self.markets.items()}
        for currency in sorted({currency for ledger in ledgers.values() for currency in ledger}):
            nothing = Balance(currency, ZERO, ZERO)
            spot, perp = (ledgers.get(category, {}).get(currency, nothing) for category in (SPOT, LINEAR))
            held, profit = self._of_positions(currency)
            bound = perp.total - perp.free
            total = spot.total + perp.total
            coins.append(
                {
                    "coin": currency,
                    "walletBalance": text(total),
                    "equity": text(short(total + profit)),
                    "usdValue": text(total),
                    "locked": text(spot.total - spot.free),
                    "totalOrderIM": text(bound - short(min(held, bound))),
                    "totalPositionIM": text(short(min(held, bound))),
                    "totalPositionMM": "0",
                    "unrealisedPnl": text(short(profit)),
                    "cumRealisedPnl": "0",
                    "availableToWithdraw": "",
                    "availableToBorrow": "",
                    "borrowAmount": "0",
                    "accruedInterest": "0",
                    "spotHedgingQty": "0",
                    "bonus": "0",
                    "marginCollateral": True,
                    "collateralSwitch": True,
                }
            )
        return {"accountType": "UNIFIED", "accountLTV": "", "accountIMRate": "0", "accountMMRate": "0", "coin": coins}

    def _of_positions(self, currency: str) -> tuple[Decimal, Decimal]:
        """(margin held, unrealised profit) of perps settled in `currency`."""
        held = profit = ZERO
        if (market := self.markets.get(LINEAR)) is not None:
            for symbol, instrument in market.venue.instruments.items():
                if instrument.quote == currency:
                    held += market.value(symbol) / market.venue.leverage.get(symbol, LEVERAGE)
                    profit += market.unrealised(symbol)
        return held, profit


def short(value: Decimal) -> Decimal:
    """To the eight decimals that the venue shows."""
    return value.quantize(_CENT).normalize()


def whole(params: Params, name: str, default: int) -> int:
    """A parameter that is a whole number, as all times and page sizes are.

    Raises:
        BybitError: it is something else.
    """
    said = params.get(name, "")
    if said and not said.isdecimal():
        raise bad_request(f"{name} is invalid")
    return int(said) if said else default
