"""One emulated venue: the truth of `PaperExchange`, and the numbers by which the wire speaks of it.

Listeners are called while the venue acts, so that a message made in them states what was true at that moment;
when it leaves is the stream's affair. Nothing here knows an exchange's words.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import final

from core.domain.clock import Clock
from core.domain.enums import Liquidity, MarketType, OrderSide, OrderType
from core.domain.errors import DuplicateClientId, OrderNotFound, UnknownSymbol
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage, PublicTrade
from core.domain.numbers import ceil_to, floor_to
from core.domain.orders import Fill
from core.exchanges.connector import NewOrder, VenueOrder, VenueOrderStatus
from core.exchanges.paper.exchange import PaperExchange
from tests.emulator.book import BookChange, PublicPrint, WireBook
from tests.emulator.lines import Lines
from tests.emulator.orders import Change, OrderChange, OrderWords, WireFill, WireOrder
from tests.emulator.positions import Positions

_QUOTE_AT_START = Decimal(5_000_000)
_BASE_AT_START = Decimal(1_000)
_PRINTS_KEPT = 1_000
_MARKET_ORDER_REACH = Decimal("0.05")  # a market order takes up to this fraction past the touch, then expires

_ENDS = {
    VenueOrderStatus.CANCELLED: Change.CANCELLED,
    VenueOrderStatus.EXPIRED: Change.EXPIRED,
    VenueOrderStatus.REJECTED: Change.REJECTED,
}


@final
class EmulatedVenue(Lines):
    """One venue behind the wire; `Lines` has its connections and faults.

    Attributes:
        truth: what has really happened.
        markets: market id -> symbol.
        orders: by the venue's number, oldest first, ended ones too.
        prints: public trades by symbol, the latest last.
        leverage, margin_mode: what each symbol was last set to; empty where nobody has.
        positions: with entry prices; flat ones on spot are meaningless.
        weight_per_minute, orders_per_10s: request limits; None is the exchange's own.
    """

    def __init__(self, name: str, instruments: Mapping[str, Instrument], clock: Clock, seed: int | str, latency_ms: float) -> None:
        self.name = name
        self.instruments = dict(instruments)
        super().__init__(name, seed, latency_ms)
        self.truth = PaperExchange(name, instruments, clock, _plenty(instruments), self._on_event, self._on_message)
        self.positions = Positions(self.truth.fills)
        self.orders: dict[int, WireOrder] = {}
        self.prints: dict[str, deque[PublicPrint]] = {symbol: deque(maxlen=_PRINTS_KEPT) for symbol in instruments}
        self.leverage: dict[str, int] = {}
        self.margin_mode: dict[str, str] = {}
        self.weight_per_minute: int | None = None
        self.orders_per_10s: int | None = None
        self._clock = clock
        self._books = {symbol: WireBook(instrument) for symbol, instrument in instruments.items()}
        self.markets = {market_id(symbol): symbol for symbol in instruments}
        self._order_numbers = itertools.count(1_000_001)
        self._trade_numbers = itertools.count(5_001)
        self._by_client: dict[str, WireOrder] = {}  # the latest of each wire client id
        self._by_truth: dict[str, WireOrder] = {}
        self._arriving: tuple[str, OrderWords] = ("", OrderWords())
        self._in_print = False
        self._on_order: list[Callable[[OrderChange], None]] = []
        self._on_book: list[Callable[[BookChange], None]] = []
        self._on_print: list[Callable[[PublicPrint], None]] = []

    @cached_property
    def is_perp(self) -> bool:
        return any(instrument.market_type is MarketType.PERP for instrument in self.instruments.values())

    def now_ms(self) -> int:
        """The venue's own clock, skew included."""
        return self._clock.now_us() // 1000 + self.faults.clock_skew_ms

    def ms_of(self, ts_us: int) -> int:
        """A moment of ours on the venue's clock."""
        return ts_us // 1000 + self.faults.clock_skew_ms

    def symbol_of(self, market: str) -> str:
        """`BTCUSDT` -> `BTC/USDT`.

        Raises:
            UnknownSymbol: not traded here.
        """
        if market not in self.markets:
            raise UnknownSymbol(f"{self.name} does not trade {market!r}.")
        return self.markets[market]

    def instrument_of(self, market: str) -> Instrument:
        """By market id.

        Raises:
            UnknownSymbol: not traded here.
        """
        return self.instruments[self.symbol_of(market)]

    def book(self, symbol: str) -> WireBook:
        return self._books[symbol]

    def last_price(self, symbol: str) -> Decimal:
        """Of the latest print, else the mid, else one."""
        if self.prints[symbol]:
            return self.prints[symbol][-1].price
        return self.book(symbol).mid() or Decimal(1)

    def on_order(self, listener: Callable[[OrderChange], None]) -> None:
        """Call `listener` with every change of an order of ours; balances and positions have changed by then."""
        self._on_order.append(listener)

    def on_book(self, listener: Callable[[BookChange], None]) -> None:
        self._on_book.append(listener)

    def on_print(self, listener: Callable[[PublicPrint], None]) -> None:
        self._on_print.append(listener)

    def consume(self, message: MarketMessage) -> None:
        """Take one message of the feed."""
        self._in_print = isinstance(message, PublicTrade)
        try:
            self.truth.consume(message)
        finally:
            self._in_print = False

    def place(self, new: NewOrder, words: OrderWords) -> WireOrder:
        """Take an order; `new.client_id` is the wire's, which may be used again once its order is over.

        Raises:
            DuplicateClientId: an open order has this client id.
            VenueRefused: the truth says no; nothing has changed.
        """
        if new.client_id in self._by_client and self._by_client[new.client_id].is_open:
            raise DuplicateClientId(f"{self.name} has an open order with the client id {new.client_id}.")
        uses = sum(1 for order in self.orders.values() if order.client_id == new.client_id) if new.client_id in self._by_client else 0
        truth_id = f"{new.client_id}~{uses + 1}" if uses else new.client_id
        self._arriving = (new.client_id, words)
        return self._by_truth[self.truth.place(replace(new, client_id=truth_id)).client_id]

    def stillborn(self, new: NewOrder, words: OrderWords, status: VenueOrderStatus, reason: str) -> WireOrder:
        """An order that the venue takes and ends at once, as Bybit does with a post-only one that would cross. The truth never has it."""
        now_us = self._clock.now_us()
        state = VenueOrder(
            self.name, new.symbol, new.client_id, "", new.side, new.price, new.amount, Decimal(0), VenueOrderStatus.OPEN, now_us
        )
        order = self._admit("", new.client_id, words, state)
        self._tell(OrderChange(Change.NEW, order))
        order.state = replace(state, status=status, reason=reason)
        self._tell(OrderChange(_ENDS[status], order))
        return order

    def cancel(self, order: WireOrder) -> None:
        """End an open order.

        Raises:
            OrderNotFound: it is over.
        """
        if not order.truth_id:
            raise OrderNotFound(f"{self.name} has ended the order already.")
        self.truth.cancel(order.symbol, order.truth_id)

    def amend(self, order: WireOrder, price: Decimal, amount: Decimal) -> None:
        """Change an open order in place.

        Raises:
            OrderNotFound: it is over.
            VenueRefused: it stays as it was.
        """
        if not order.truth_id:
            raise OrderNotFound(f"{self.name} has ended the order already.")
        self.truth.amend(order.symbol, order.truth_id, price, amount)

    def find(self, symbol: str, number: int | None = None, client_id: str | None = None) -> WireOrder | None:
        """By the venue's number, else by client id: the latest that had it."""
        order = self.orders.get(number) if number is not None else self._by_client.get(client_id or "")
        return order if order is not None and order.symbol == symbol else None

    def open_orders(self, symbol: str | None = None) -> list[WireOrder]:
        """Oldest first; of all symbols without one."""
        return [order for order in self.orders.values() if order.is_open and symbol in (None, order.symbol)]

    def protective_price(self, symbol: str, side: OrderSide) -> Decimal | None:
        """The limit that stands in for a market order's missing one; None while there is nothing to trade with."""
        book, tick = self.book(symbol), self.instruments[symbol].tick
        if side is OrderSide.BUY:
            return None if book.best_ask is None else floor_to(book.best_ask * (1 + _MARKET_ORDER_REACH), tick)
        return None if book.best_bid is None else max(ceil_to(book.best_bid * (1 - _MARKET_ORDER_REACH), tick), tick)

    def _on_event(self, event: VenueOrder | Fill) -> None:
        order = self._by_truth.get(event.client_id)
        if isinstance(event, Fill):
            assert order is not None
            self._on_fill(order, event)
            return
        if order is None:
            client_id, words = self._arriving
            self._tell(OrderChange(Change.NEW, self._admit(event.client_id, client_id, words, event)))
            return
        before, order.state = order.state, event
        if event.status in _ENDS:
            self._tell(OrderChange(_ENDS[event.status], order))
        elif (event.price, event.amount) != (before.price, before.amount):
            self._tell(OrderChange(Change.AMENDED, order))

    def _on_fill(self, order: WireOrder, event: Fill) -> None:
        is_maker = event.liquidity is Liquidity.MAKER
        fill = WireFill(
            next(self._trade_numbers), event.trade_id, event.price, event.amount, event.fee, event.fee_currency, is_maker, event.ts_us
        )
        order.fills.append(fill)
        filled = order.state.filled + event.amount
        status = VenueOrderStatus.FILLED if filled >= order.state.amount else VenueOrderStatus.OPEN
        order.state = replace(order.state, filled=filled, status=status, ts_us=event.ts_us)
        if not (is_maker and self._in_print):  # that print was told already, and our part is in its size
            taker = event.side.opposite if is_maker else event.side
            self._print(PublicPrint(fill.number, event.symbol, event.price, event.amount, taker, event.ts_us))
        self._tell(OrderChange(Change.TRADE, order, fill))

    def _admit(self, truth_id: str, client_id: str, words: OrderWords, state: VenueOrder) -> WireOrder:
        order = WireOrder(next(self._order_numbers), client_id, truth_id, words, state, state.ts_us)
        self.orders[order.number] = self._by_client[client_id] = order
        if truth_id:
            self._by_truth[truth_id] = order
        return order

    def _tell(self, change: OrderChange) -> None:
        for listener in self._on_order:
            listener(change)

    def _on_message(self, message: MarketMessage) -> None:
        if isinstance(message, BookMessage):
            if (change := self._books[message.symbol].apply(message)) is not None:
                for listener in self._on_book:
                    listener(change)
        elif isinstance(message, PublicTrade):
            instrument = self.instruments[message.symbol]
            price, amount = instrument.price_of(message.price_ticks), instrument.amount_of(message.size_units)
            self._print(PublicPrint(next(self._trade_numbers), message.symbol, price, amount, message.side, message.ts_us))

    def _print(self, trade: PublicPrint) -> None:
        self.prints[trade.symbol].append(trade)
        for listener in self._on_print:
            listener(trade)


def market_id(symbol: str) -> str:
    """`BTC/USDT` -> `BTCUSDT`: how Binance and Bybit both write it."""
    return symbol.replace("/", "")


def new_order(client_id: str, symbol: str, side: OrderSide, amount: Decimal, price: Decimal, words: OrderWords) -> NewOrder:
    """What the truth is asked, from what the wire said."""
    return NewOrder(
        client_id,
        symbol,
        side,
        amount,
        price,
        OrderType.LIMIT,
        words.time_in_force,
        post_only=words.post_only,
        reduce_only=words.reduce_only,
    )


def _plenty(instruments: Mapping[str, Instrument]) -> dict[str, Decimal]:
    """Quote everywhere, and something to sell on spot."""
    balances = {instrument.quote: _QUOTE_AT_START for instrument in instruments.values()}
    return balances | {instrument.base: _BASE_AT_START for instrument in instruments.values() if instrument.market_type is MarketType.SPOT}
