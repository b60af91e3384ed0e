"""A desk without an engine: still books, a naive planner, and a record of what it was asked to do.

It lets a test say exactly what the window is told, in which order, with nothing else going on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np

from core.desk.foreign import ForeignOrder
from core.desk.holdings import Holding
from core.domain.clock import SimulatedClock
from core.domain.enums import ExecutionStrategy, Liquidity, MarketType, OrderSide, OrderType, TimeInForce
from core.domain.errors import BadPrice, FathomError
from core.domain.events import Notice, OrderEvent, OrderEventKind
from core.domain.instruments import Instrument
from core.domain.market import BookState, BookView, Levels, MarketView
from core.domain.orders import ChildStatus, Fill, OrderSnapshot, ParentStatus
from core.domain.plan import ExecutionRequest, Plan, PlannedChild

SYMBOL = "BTC/USDT"
START_US = 1_723_075_200_000_000
BID, ASK = Decimal("61837.60"), Decimal("61837.70")
# venue: market type, tick, lot, taker fee
VENUES: dict[str, tuple[MarketType, str, str, str]] = {
    "binance_spot": (MarketType.SPOT, "0.01", "0.00001", "0.001"),
    "binance_perp": (MarketType.PERP, "0.1", "0.001", "0.0005"),
    "bybit_spot": (MarketType.SPOT, "0.01", "0.000001", "0.001"),
    "bybit_perp": (MarketType.PERP, "0.1", "0.001", "0.00055"),
    "okx_spot": (MarketType.SPOT, "0.1", "0.00001", "0.001"),
    "kraken_spot": (MarketType.SPOT, "0.1", "0.0001", "0.0026"),
}
STRATEGIES = (ExecutionStrategy.BEST_PRICE, ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY, ExecutionStrategy.TWAP)


def instruments(symbol: str = SYMBOL) -> dict[str, Instrument]:
    return {
        venue: Instrument(venue, symbol, kind, Decimal(tick), Decimal(lot), min_notional=Decimal(5), taker_fee=Decimal(fee))
        for venue, (kind, tick, lot, fee) in VENUES.items()
    }


@dataclass(frozen=True)
class FakeHealth:
    venue: str
    state: BookState
    age_ms: float | None = 12.0
    latency_ms: float | None = 40.0
    note: str = ""
    connected: bool = True
    account: str = ""


class FakeBooks:
    def __init__(self) -> None:
        self.versions = 1

    def version(self, _symbol: str) -> int:
        return self.versions


class FakeEngine:
    """Splits evenly over the named venues at the touch. `refusal` is raised by the next call that could refuse."""

    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk
        self.refusal: FathomError | None = None
        self.shape: Callable[[Plan], Plan] = lambda plan: plan
        self.previews = 0
        self.executed: list[ExecutionRequest] = []
        self.cancelled: list[str] = []
        self.modified: list[dict[str, Any]] = []
        self.paused: list[str] = []
        self.resumed: list[str] = []
        self.resolved: list[tuple[str, object]] = []
        self.all_cancelled = 0

    def _maybe_refuse(self) -> None:
        if self.refusal:
            refusal, self.refusal = self.refusal, None
            raise refusal

    def request(self, **asked: Any) -> ExecutionRequest:
        if asked["order_type"] is OrderType.LIMIT and asked["price"] is not None and asked["price"] > 10 * ASK:
            raise BadPrice("The price is far off the market.")
        if (expires_in := asked.pop("expires_in", None)) is not None:
            asked["expire_us"] = self._desk.clock.now_us() + round(expires_in * 1_000_000)
        return ExecutionRequest(**{**asked, "exchanges": tuple(asked["exchanges"])})

    def preview(self, request: ExecutionRequest) -> Plan:
        self.previews += 1
        touch = ASK if request.side is OrderSide.BUY else BID
        share = request.amount / len(request.exchanges)
        children = tuple(_child(venue, request, share, touch) for venue in request.exchanges)
        fees = sum((child.expected_fee for child in children), Decimal(0))
        plan = Plan(
            request.strategy,
            request.side,
            request.amount,
            children,
            Decimal(0),
            mid=(BID + ASK) / 2,
            average_price=touch,
            worst_price=max(child.price for child in children),
            expected_amount=request.amount,
            fees=fees,
            slippage_bps=Decimal("0.01"),
            all_in_bps=Decimal("0.01") + fees / (request.amount * touch) * 10_000,
        )
        return self.shape(plan)

    async def execute(self, request: ExecutionRequest, *, repeats: bool = False) -> None:
        assert repeats, "the ticket asks about repeats itself"
        self._maybe_refuse()
        self.executed.append(request)

    async def cancel_execution(self, order_id: str) -> bool:
        self._maybe_refuse()
        self.cancelled.append(order_id)
        return True

    async def modify_execution(self, **asked: Any) -> bool:
        self._maybe_refuse()
        self.modified.append(asked)
        return True

    def pause_execution(self, order_id: str) -> bool:
        self.paused.append(order_id)
        return True

    def resume_execution(self, order_id: str) -> bool:
        self.resumed.append(order_id)
        return True

    async def resolve_child(self, order_id: str, filled: object = None) -> None:
        self._maybe_refuse()
        self.resolved.append((order_id, filled))

    async def cancel_all(self) -> int:
        self.all_cancelled += 1
        return 0


def _child(venue: str, request: ExecutionRequest, amount: Decimal, touch: Decimal) -> PlannedChild:
    fee = amount * touch * Decimal(VENUES[venue][3]) if venue in VENUES else Decimal(0)
    return PlannedChild(venue, request.side, request.price or touch, amount, TimeInForce.IOC, touch, fee, amount)


class FakeOrders:
    """Says what a test tells it to say."""

    def __init__(self) -> None:
        self.seeds: list[OrderSnapshot] = []
        self.seed_fills: dict[str, list[Fill]] = {}
        self._listeners: list[Callable[[OrderEvent], None]] = []
        self._seq = 0

    def on_event(self, listener: Callable[[OrderEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def snapshots(self) -> list[OrderSnapshot]:
        return list(self.seeds)

    def order(self, order_id: str) -> Any:
        return SimpleNamespace(fills=self.seed_fills.get(order_id, []))

    def say(self, order: OrderSnapshot, kind: OrderEventKind = OrderEventKind.UPDATED, fill: Fill | None = None) -> None:
        self._seq += 1
        for listener in list(self._listeners):
            listener(OrderEvent(self._seq, order.updated_us, kind, order, fill))


@dataclass
class FakeDesk:
    """What the ticket and the blotter use of a desk."""

    states: dict[str, BookState] = field(default_factory=lambda: dict.fromkeys(VENUES, BookState.LIVE))
    strategy_names: tuple[ExecutionStrategy, ...] = STRATEGIES

    def __post_init__(self) -> None:
        self.settings = SimpleNamespace(symbol=SYMBOL, mode="demo")
        self.clock = SimulatedClock(START_US)
        self.order_manager = FakeOrders()
        self.orderbooks = FakeBooks()
        self.engine = FakeEngine(self)
        self.held: list[Holding] = []
        self.foreign: list[ForeignOrder] = []
        self.asked_for_holdings = 0
        self._said: list[Notice] = []
        self._listeners: list[Callable[[Notice], None]] = []

    def on_notice(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        for notice in self._said:
            listener(notice)
        return lambda: self._listeners.remove(listener)

    def notify(self, sentence: str, level: str = "info") -> None:
        self._said.append(Notice(self.clock.now_us(), level, sentence))
        for listener in list(self._listeners):
            listener(self._said[-1])

    def holdings(self) -> list[Holding]:
        return self.held

    def ask_holdings(self) -> None:
        self.asked_for_holdings += 1

    def foreign_orders(self) -> list[ForeignOrder]:
        return self.foreign

    def symbols(self) -> list[str]:
        return [SYMBOL, "ETH/USDT"]

    def instruments(self, symbol: str) -> dict[str, Instrument]:
        return instruments(symbol)

    def strategies(self) -> tuple[ExecutionStrategy, ...]:
        return self.strategy_names

    def market(self, symbol: str, venues: Iterable[str] | None = None) -> MarketView:
        wanted = set(VENUES if venues is None else venues)
        books = {venue: _book(one, self.states[venue]) for venue, one in instruments(symbol).items() if venue in wanted}
        return MarketView(symbol, self.clock.now_us(), books)

    def venue_health(self, _symbol: str) -> list[FakeHealth]:
        return [FakeHealth(venue, state) for venue, state in self.states.items()]


def _book(instrument: Instrument, state: BookState) -> BookView:
    bid, ask = int(BID / instrument.tick), int(ASK / instrument.tick)
    size = np.array([int(Decimal(2) / instrument.size_unit)] * 3, dtype=np.int64)
    steps = np.arange(3, dtype=np.int64)
    return BookView(instrument, Levels(bid - steps, size), Levels(ask + steps, size), state, START_US)


def parent(number: int = 1, **changes: Any) -> OrderSnapshot:
    """A working PRICE OPTIMIZED buy of 2 BTC."""
    made = OrderSnapshot(
        id=f"p{number}",
        parent_id=None,
        children=(),
        symbol=SYMBOL,
        side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Decimal("61900.00"),
        amount=Decimal(2),
        filled_amount=Decimal(0),
        filled_notional=Decimal(0),
        fees={},
        status=ParentStatus.RUNNING,
        exchange=None,
        strategy=ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY,
        params={},
        live_amount=Decimal(2),
        created_us=START_US + number * 1_000_000,
        updated_us=START_US + number * 1_000_000,
        exchanges=tuple(VENUES),
    )
    return replace(made, **changes)


def child(of: OrderSnapshot, number: int = 1, **changes: Any) -> OrderSnapshot:
    """An open child of 0.5 BTC on one of the venues."""
    made = replace(
        of,
        id=f"{of.id}c{number}",
        parent_id=of.id,
        children=(),
        amount=Decimal("0.5"),
        status=ChildStatus.OPEN,
        exchange=list(VENUES)[(number - 1) % len(VENUES)],
        strategy=None,
        live_amount=Decimal("0.5"),
        created_us=of.created_us + number * 1_000,
        exchanges=(),
    )
    return replace(made, **changes)


def filled(order: OrderSnapshot, amount: Decimal | str, price: Decimal = ASK, fees: Mapping[str, Decimal] | None = None) -> OrderSnapshot:
    """`order` after fills of `amount` in all at `price`."""
    done = Decimal(amount)
    return replace(
        order,
        filled_amount=done,
        filled_notional=done * price,
        fees=fees if fees is not None else {"USDT": done * price * Decimal("0.001")},
        live_amount=order.amount - done,
        fill_count=order.fill_count + 1,
        updated_us=order.updated_us + 1_000,
    )


def fill_of(order: OrderSnapshot, number: int, amount: str = "0.1") -> Fill:
    """Trade `number` of a child."""
    venue = order.exchange or "binance_spot"
    return Fill(
        venue,
        f"t{number}",
        order.id,
        order.symbol,
        order.side,
        ASK,
        Decimal(amount),
        Decimal("6.18"),
        "USDT",
        Liquidity.TAKER,
        START_US + number * 1_000,
    )
