"""Whatever happens on the paper venue, nothing is created from nothing.

The venue behind the wires is synchronous, so thousands of histories fit into a test.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.domain.clock import SimulatedClock
from core.domain.enums import Liquidity, OrderSide, TimeInForce
from core.domain.errors import OrderNotFound, VenueRefused
from core.domain.instruments import Instrument
from core.domain.market import BookMessage, MarketMessage
from core.domain.orders import Fill
from core.exchanges.connector import NewOrder, VenueOrder, VenueOrderStatus
from core.exchanges.paper.exchange import PaperExchange
from tests.core.exchanges.paper_desk import BUY, FOK, PERP, SELL, SPOT, SYMBOL, ManualFeed

MIDDLE = 200  # ticks; bids stay below it and asks at or above it until `move`
START = {"USDT": Decimal(1_500), "BTC": Decimal(15)}  # little enough to run out

sides = st.sampled_from([BUY, SELL])
ticks = st.integers(-6, 6)
lots = st.integers(1, 900)


class PaperHistory(RuleBasedStateMachine):
    """Random orders against random market messages on one venue."""

    instrument: Instrument = SPOT

    def __init__(self) -> None:
        super().__init__()
        self.clock = SimulatedClock()
        self.events: list[VenueOrder | Fill] = []
        self.messages: list[MarketMessage] = []
        self.venue = PaperExchange(
            self.instrument.venue, {SYMBOL: self.instrument}, self.clock, START, self.events.append, self.messages.append
        )
        self.feed = ManualFeed(self.instrument, self.clock)
        self.feed.attach(self.instrument.venue, self.venue.consume)
        self.middle = MIDDLE
        self.placed = 0
        self.move(0, 300)

    def price(self, tick: int) -> str:
        return str(self.instrument.price_of(tick))

    def size(self, units: int) -> str:
        return str(self.instrument.amount_of(units))

    @rule(by=ticks, units=lots)
    def move(self, by: int, units: int) -> None:
        """The whole book moves, perhaps through our orders."""
        self.middle += by
        before = len(self.venue.fills)
        self.feed.snapshot(
            {self.price(self.middle - 1 - step): self.size(units + step) for step in range(4)},
            {self.price(self.middle + step): self.size(units + step) for step in range(4)},
        )
        displayed = sum(4 * units + 6 for _ in range(2)) - self.displayed()
        assert self.filled_since(before) == self.instrument.amount_of(displayed)

    @rule(side=sides, step=st.integers(0, 5), units=st.integers(0, 900))
    def change_level(self, side: OrderSide, step: int, units: int) -> None:
        before, level = len(self.venue.fills), {self.price(self.middle - 1 - step if side is BUY else self.middle + step): self.size(units)}
        self.feed.change(bids=level if side is BUY else None, asks=level if side is SELL else None)
        assert self.filled_since(before) <= self.instrument.amount_of(units)

    @rule(taker=sides, by=ticks, units=lots)
    def print_trade(self, taker: OrderSide, by: int, units: int) -> None:
        before = len(self.venue.fills)
        self.feed.trade(taker, self.price(self.middle + by), self.size(units))
        assert self.filled_since(before) <= self.instrument.amount_of(units)
        assert all(fill.liquidity is Liquidity.MAKER and fill.side is taker.opposite for fill in self.venue.fills[before:])

    @rule(
        side=sides,
        by=ticks,
        units=lots,
        tif=st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, FOK]),
        post_only=st.booleans(),
        reduce_only=st.booleans(),
    )
    def place(self, side: OrderSide, by: int, units: int, tif: TimeInForce, post_only: bool, reduce_only: bool) -> None:
        self.placed += 1
        order = NewOrder(
            f"c{self.placed}",
            SYMBOL,
            side,
            Decimal(self.size(units)),
            Decimal(self.price(self.middle + by)),
            time_in_force=tif,
            post_only=post_only,
            reduce_only=reduce_only and self.instrument is PERP,
        )
        before, shown, position = len(self.venue.fills), self.displayed(), self.venue.ledger.position(SYMBOL)
        try:
            answer = self.venue.place(order)
        except VenueRefused:
            assert (len(self.venue.fills), self.displayed()) == (before, shown)
            return
        assert self.filled_since(before) == self.instrument.amount_of(shown - self.displayed())
        assert tif is TimeInForce.GTC or answer.status is not VenueOrderStatus.OPEN
        assert tif is not FOK or answer.filled in (0, answer.amount)
        assert not post_only or answer.filled == 0
        if order.reduce_only:
            assert abs(self.venue.ledger.position(SYMBOL)) <= abs(position)

    @precondition(lambda self: self.placed > 0)
    @rule(which=st.integers(0, 1_000))
    def cancel(self, which: int) -> None:
        order = self.pick(which)
        try:
            self.venue.cancel(SYMBOL, order)
        except OrderNotFound:
            return
        assert self.venue.orders[order].status is VenueOrderStatus.CANCELLED

    @precondition(lambda self: self.placed > 0)
    @rule(which=st.integers(0, 1_000), by=ticks, units=lots)
    def amend(self, which: int, by: int, units: int) -> None:
        order = self.pick(which)
        before = self.venue.find(SYMBOL, order)
        balances = self.venue.ledger.balances()
        try:
            self.venue.amend(SYMBOL, order, Decimal(self.price(self.middle + by)), Decimal(self.size(units)))
        except (OrderNotFound, VenueRefused):
            assert self.venue.find(SYMBOL, order) == before
            assert self.venue.ledger.balances() == balances

    def pick(self, which: int) -> str:
        return f"c{which % self.placed + 1}"

    def displayed(self) -> int:
        """Size units on both sides of the displayed book."""
        snapshot = self.venue.snapshot(SYMBOL)
        assert snapshot is not None
        return sum(snapshot.bid_sizes) + sum(snapshot.ask_sizes)

    def filled_since(self, before: int) -> Decimal:
        return sum((fill.amount for fill in self.venue.fills[before:]), Decimal(0))

    @invariant()
    def no_order_fills_more_than_its_amount(self) -> None:
        for order in self.venue.orders.values():
            assert 0 <= order.filled_units <= order.units
            assert order.ahead_units >= 0
            assert (order.status is VenueOrderStatus.FILLED) == (order.filled_units == order.units)

    @invariant()
    def fills_add_up_to_what_their_orders_say(self) -> None:
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for fill in self.venue.fills:
            sums[fill.client_id] += fill.amount
        for client_id, order in self.venue.orders.items():
            assert sums[client_id] == order.report().filled
        assert len({fill.trade_id for fill in self.venue.fills}) == len(self.venue.fills)

    @invariant()
    def no_level_is_negative_and_the_book_is_not_crossed(self) -> None:
        for message in self.messages[-3:]:
            if isinstance(message, BookMessage):
                assert min([*message.bid_sizes, *message.ask_sizes], default=0) >= 0
        self.displayed()

    @invariant()
    def events_tell_the_whole_truth(self) -> None:
        assert [event for event in self.events if isinstance(event, Fill)] == self.venue.fills
        latest = {event.client_id: event for event in self.events if isinstance(event, VenueOrder)}
        assert latest == {client_id: order.report() for client_id, order in self.venue.orders.items()}

    @invariant()
    def money_is_neither_made_nor_lost(self) -> None:
        expected = defaultdict(Decimal, START)
        for fill in self.venue.fills:
            expected["BTC"] += fill.side.sign * fill.amount
            expected["USDT"] -= fill.side.sign * fill.price * fill.amount
            expected[fill.fee_currency] -= fill.fee
        balances = self.venue.ledger.balances()
        assert {currency: balance.total for currency, balance in balances.items()} == expected
        for balance in balances.values():
            assert 0 <= balance.free <= balance.total
        if not self.venue.open_orders(SYMBOL):
            assert all(balance.free == balance.total for balance in balances.values())


class PerpHistory(PaperHistory):
    """The same on a perp, where the wallet moves by profit and fees only."""

    instrument = PERP

    @invariant()
    def money_is_neither_made_nor_lost(self) -> None:
        balance = self.venue.ledger.balances()["USDT"]
        assert 0 <= balance.free <= balance.total
        position = sum((fill.side.sign * fill.amount for fill in self.venue.fills), Decimal(0))
        assert self.venue.ledger.position(SYMBOL) == position
        if not position:
            cash = sum((-fill.side.sign * fill.price * fill.amount - fill.fee for fill in self.venue.fills), START["USDT"])
            assert balance.total == cash


class FineHistory(PaperHistory):
    """Book sizes ten times finer than the lot, and a fee in quote."""

    instrument = replace(SPOT, size_unit=Decimal("0.001"), fee_in_base=False, maker_fee=Decimal("-0.0001"))


TestSpot = PaperHistory.TestCase
TestPerp = PerpHistory.TestCase
TestFine = FineHistory.TestCase
