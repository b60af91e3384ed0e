"""The paper venue behind the wire: what is true there, whatever its messages to us say.

Synchronous and without latency; the connector adds the network. Every change of an order or a
balance happens here, on arrival, in order.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from decimal import Decimal

from core.domain.clock import Clock
from core.domain.enums import Liquidity, MarketType, OrderSide, TimeInForce
from core.domain.errors import DuplicateClientId, MarketDataError, OrderNotFound, VenueRefused
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, FeedGap, MarketMessage, PublicTrade
from core.domain.orders import Fill
from core.exchanges.connector import NewOrder, VenueOrder, VenueOrderStatus
from core.exchanges.names import some_of
from core.exchanges.paper.ledger import Ledger, PerpLedger, SpotLedger, fee_of
from core.exchanges.paper.matching import MatchingBook, Take
from core.exchanges.paper.orders import PaperOrder
from core.exchanges.paper.rules import check_flags, check_size, refusal, would_cross

_log = logging.getLogger(__name__)

_NEVER_STALE_US = 1 << 62


class PaperExchange:
    """One venue's books, orders, trades and account.

    Args:
        balances: currency -> total at the start.
        on_event: told of every order update and fill as it happens.
        on_message: told of every market message: the feed's, and the holes that our own orders dig.

    Attributes:
        orders: client id -> order, also of ended ones: a client id is used once, for ever.
        fills: every trade of ours, oldest first.
        ledger: the account.
    """

    def __init__(
        self,
        venue: str,
        instruments: Mapping[str, Instrument],
        clock: Clock,
        balances: Mapping[str, Decimal],
        on_event: Callable[[VenueOrder | Fill], None],
        on_message: Callable[[MarketMessage], None],
    ) -> None:
        self.venue = venue
        self.orders: dict[str, PaperOrder] = {}
        self.fills: list[Fill] = []
        self._open: dict[str, PaperOrder] = {}
        perp = any(instrument.market_type is MarketType.PERP for instrument in instruments.values())
        self.ledger: Ledger = PerpLedger(balances) if perp else SpotLedger(balances)
        self._clock = clock
        self._on_event = on_event
        self._on_message = on_message
        self._instruments = instruments
        self._markets: dict[str, MatchingBook] = {}  # of the symbols that somebody has spoken of: a real venue lists thousands
        self._numbers = itertools.count(1)

    def consume(self, message: MarketMessage) -> None:
        """Take one message of the feed, pass it on, and match what it moves: the hole comes after the level."""
        if message.symbol not in self._instruments:
            return
        market = self._market(message.symbol)
        if isinstance(message, BookMessage):
            try:
                market.book.apply(message)
            except MarketDataError as error:  # the book is a gap by now, and so is the reader's
                _log.warning("%s", error, extra={"detail": error.detail})
        elif isinstance(message, FeedGap):
            market.book.gap(message.reason)
        self._on_message(message)
        if isinstance(message, BookMessage):
            market.on_book()
        elif isinstance(message, PublicTrade):
            market.on_trade(message)

    def place(self, new: NewOrder) -> VenueOrder:
        """Take an order, match it, rest or end what is left.

        Raises:
            DuplicateClientId, VenueRefused: nothing has changed.
        """
        if new.client_id in self.orders:
            raise DuplicateClientId(f"{self.venue} has an order with the client id {new.client_id} already.", detail=new)
        market = self._market(new.symbol)
        instrument = market.book.instrument
        check_flags(instrument, new)
        tick, units = check_size(instrument, new.price, new.amount)
        if not market.tradable:
            raise refusal(instrument, f"its book can't be traded on now ({market.book.note})")
        if new.post_only and market.would_cross(new.side, tick):
            raise would_cross(instrument)
        order = PaperOrder(
            instrument=instrument,
            client_id=new.client_id,
            venue_order_id=f"{new.client_id}-o{next(self._numbers)}",
            side=new.side,
            tick=tick,
            units=units,
            time_in_force=new.time_in_force,
            ts_us=self._clock.now_us(),
            post_only=new.post_only,
            display_amount=new.display_amount,
            reduce_only=new.reduce_only,
        )
        if new.reduce_only and units > self._reducible(order):
            raise refusal(instrument, "reduce-only, but it is larger than the position it would reduce")
        self.ledger.reserve(order, self._touch(market, new.side))
        self.orders[new.client_id] = self._open[new.client_id] = order
        self._on_event(order.report())
        if order.time_in_force is TimeInForce.FOK and market.available(order.side, tick, units) < units:
            self._end(order, VenueOrderStatus.EXPIRED, "fill-or-kill, and the book could not fill all of it")
        else:
            self._work(market, order)
        return order.report()

    def cancel(self, symbol: str, client_id: str) -> None:
        """End an open order.

        Raises:
            OrderNotFound: it is not open here.
        """
        self._end(self._open_order(symbol, client_id), VenueOrderStatus.CANCELLED, "cancelled on request")

    def amend(self, symbol: str, client_id: str, price: Decimal, amount: Decimal) -> VenueOrder:
        """Change an open order in place. It keeps its turn only when nothing but its amount shrinks.

        Raises:
            OrderNotFound: it is not open here.
            VenueRefused: it stays as it was.
        """
        order = self._open_order(symbol, client_id)
        market = self._market(symbol)
        instrument = order.instrument
        tick, units = check_size(instrument, price, amount)
        if units <= order.filled_units:
            filled = instrument.amount_of(order.filled_units)
            raise refusal(instrument, f"{filled} {instrument.base} is filled already; an amount of {amount} would leave nothing open")
        if not market.tradable:
            raise refusal(instrument, f"its book can't be traded on now ({market.book.note})")
        if order.post_only and tick != order.tick and market.would_cross(order.side, tick):
            raise would_cross(instrument)
        before = (order.tick, order.units)
        if order.reduce_only and units - order.filled_units > self._reducible(order):
            raise refusal(instrument, "reduce-only, but it is larger than the position it would reduce")
        order.tick, order.units = tick, units
        try:
            self.ledger.reserve(order, self._touch(market, order.side))
        except VenueRefused:
            order.tick, order.units = before
            raise
        order.ts_us = self._clock.now_us()
        self._on_event(order.report())
        if tick != before[0] or units > before[1]:
            market.remove(order)
            self._work(market, order)
        return order.report()

    def find(self, symbol: str, client_id: str) -> VenueOrder | None:
        """The order, open or ended; None when it was never here."""
        order = self.orders.get(client_id)
        return order.report() if order is not None and order.instrument.symbol == symbol else None

    def open_orders(self, symbol: str) -> list[VenueOrder]:
        return [order.report() for order in self._open.values() if order.instrument.symbol == symbol]

    def fills_of(self, symbol: str, client_id: str) -> list[Fill]:
        return [fill for fill in self.fills if fill.client_id == client_id and fill.symbol == symbol]

    def snapshot(self, symbol: str) -> BookMessage | None:
        """The displayed book as one message, as old as its last news; None while it can't be trusted."""
        market = self._market(symbol)
        if not market.tradable:
            return None
        now_us = self._clock.now_us()
        view = market.book.view(now_us, _NEVER_STALE_US)
        sides = (view.bids.ticks.tolist(), view.bids.sizes.tolist(), view.asks.ticks.tolist(), view.asks.sizes.tolist())
        return BookMessage(True, self.venue, symbol, now_us, view.received_us, view.seq, None, *sides)

    def outpace(self, new: NewOrder, share: Decimal) -> None:
        """Someone is faster than `new` and leaves only `share` of its amount, in whole lots, within its limit."""
        market = self._market(new.symbol)
        instrument = market.book.instrument
        tick, _ = check_size(instrument, new.price, new.amount)
        market.vanish(new.side, tick, instrument.units_of(instrument.floor_amount(new.amount * share)))

    def _work(self, market: MatchingBook, order: PaperOrder) -> None:
        """Match as a taker, then rest or expire what is left, then say where it stands."""
        filled_before = order.filled_units
        market.take(order)
        if not order.is_open:
            return
        if order.time_in_force is not TimeInForce.GTC:
            self._end(order, VenueOrderStatus.EXPIRED, "the book held no more within its limit")
            return
        market.rest(order)
        if order.filled_units != filled_before:
            self._on_event(order.report())

    def _matched(self, order: PaperOrder, tick: int, units: int, liquidity: Liquidity) -> None:
        instrument = order.instrument
        price, amount = instrument.price_of(tick), instrument.amount_of(units)
        fee, fee_currency = fee_of(instrument, order.side, price, amount, liquidity)
        now_us = self._clock.now_us()
        order.filled_units += units
        order.ts_us = now_us
        fill = Fill(
            venue=self.venue,
            # The trader's journal outlives this venue's counter; a client id is unique for ever.
            trade_id=f"{order.client_id}-t{next(self._numbers)}",
            client_id=order.client_id,
            symbol=instrument.symbol,
            side=order.side,
            price=price,
            amount=amount,
            fee=fee,
            fee_currency=fee_currency,
            liquidity=liquidity,
            ts_us=now_us,
        )
        self.fills.append(fill)
        self.ledger.settle(order, fill)
        self._on_event(fill)
        if not order.remaining_units:
            self._end(order, VenueOrderStatus.FILLED, "")
        elif liquidity is Liquidity.MAKER:
            self._on_event(order.report())
        if instrument.market_type is MarketType.PERP:
            self._drop_idle_reducers(instrument.symbol)

    def _end(self, order: PaperOrder, status: VenueOrderStatus, reason: str) -> None:
        self._open.pop(order.client_id, None)
        order.status = status
        order.reason = reason
        order.ts_us = self._clock.now_us()
        self.ledger.release(order)
        self._markets[order.instrument.symbol].remove(order)
        self._on_event(order.report())

    def _drop_idle_reducers(self, symbol: str) -> None:
        """End reduce-only orders that have no position left to reduce."""
        for order in list(self._open.values()):
            if order.reduce_only and order.instrument.symbol == symbol and not self._position_against(order):
                self._end(order, VenueOrderStatus.CANCELLED, "reduce-only, and the position is closed")

    def _allowance(self, order: PaperOrder) -> int:
        return min(order.remaining_units, self._position_against(order)) if order.reduce_only else order.remaining_units

    def _position_against(self, order: PaperOrder) -> int:
        """Size units of the position that `order` would close."""
        against = -order.side.sign * self.ledger.position(order.instrument.symbol)
        return order.instrument.units_of(max(against, Decimal(0)))

    def _reducible(self, order: PaperOrder) -> int:
        """Size units of position that no other open reduce-only order has claimed."""
        symbol = order.instrument.symbol
        claimed = sum(
            other.remaining_units
            for other in self._open.values()
            if other is not order and other.reduce_only and other.side is order.side and other.instrument.symbol == symbol
        )
        return self._position_against(order) - claimed

    def _publisher(self, symbol: str) -> Callable[[OrderSide, list[Take]], None]:
        def publish(side: OrderSide, sizes: list[Take]) -> None:
            now_us = self._clock.now_us()
            ticks, units = [tick for tick, _ in sizes], [size for _, size in sizes]
            sides = (ticks, units, [], []) if side is OrderSide.SELL else ([], [], ticks, units)
            hole = BookMessage(False, self.venue, symbol, now_us, now_us, None, None, *sides)
            self._markets[symbol].book.apply(hole)
            self._on_message(hole)

        return publish

    def _touch(self, market: MatchingBook, side: OrderSide) -> Decimal | None:
        tick = market.book.best_ask_tick if side is OrderSide.BUY else market.book.best_bid_tick
        return None if tick is None else market.book.instrument.price_of(tick)

    def _market(self, symbol: str) -> MatchingBook:
        if (market := self._markets.get(symbol)) is None:
            if (instrument := self._instruments.get(symbol)) is None:
                raise VenueRefused(f"{self.venue} does not trade {symbol}; it trades {some_of(self._instruments)}.")
            market = self._markets[symbol] = MatchingBook(instrument, self._matched, self._publisher(symbol), self._allowance)
        return market

    def _open_order(self, symbol: str, client_id: str) -> PaperOrder:
        order = self._open.get(client_id)
        if order is None or order.instrument.symbol != symbol:
            raise OrderNotFound(f"{self.venue} has no open order with the client id {client_id}.")
        return order
