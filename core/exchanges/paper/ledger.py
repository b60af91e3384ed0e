"""The account on a paper venue, exact to the last digit.

A spot ledger holds what each open order may still cost, fee included, so a balance can't go
negative whatever fills. A perp ledger works with one wallet in quote: positions and open orders bind
their notional divided by the symbol's leverage (ten until someone sets another). Nothing is ever
liquidated; a wallet that loses more than it has stops at zero and the venue bears the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from core.domain.enums import Liquidity, OrderSide
from core.domain.errors import VenueRefused
from core.domain.instruments import Instrument
from core.domain.numbers import plain
from core.domain.orders import Fill
from core.exchanges.connector import Balance
from core.exchanges.paper.orders import PaperOrder
from core.exchanges.paper.rules import refusal

LEVERAGE = 10
MAX_LEVERAGE = 100
ZERO = Decimal(0)
_CENT = Decimal("1e-8")  # a part of an entry cost is booked to this; the last part takes what is left


class Ledger(Protocol):
    """What the paper venue asks of an account. Amounts in the currency they are of."""

    def reserve(self, order: PaperOrder, touch: Decimal | None) -> None:
        """Bind what `order` may still cost, in place of what it bound before.

        Args:
            touch: the price a taker would get; a perp short is margined at no less.

        Raises:
            VenueRefused: the free balance is too small; nothing has changed.
        """
        ...

    def release(self, order: PaperOrder) -> None:
        """Free what an ended order still bound."""
        ...

    def settle(self, order: PaperOrder, fill: Fill) -> None:
        """Book one fill, already counted in the order, and bind only what it may still cost."""
        ...

    def position(self, symbol: str) -> Decimal:
        """Signed base position; always 0 on spot."""
        ...

    def positions(self) -> Mapping[str, Decimal]:
        """Symbol -> signed base position, of those that are not flat."""
        ...

    def set_leverage(self, instrument: Instrument, leverage: int, margin_mode: str | None) -> None:
        """Margin the symbol with this leverage from now on, what is open there included.

        Raises:
            VenueRefused: a spot market, too high, not enough margin, or another mode while something is open. Nothing has changed.
        """
        ...

    def balances(self) -> Mapping[str, Balance]: ...


def fee_of(instrument: Instrument, side: OrderSide, price: Decimal, amount: Decimal, liquidity: Liquidity) -> tuple[Decimal, str]:
    """The fee of one trade and its currency: base for a spot buy where the venue takes it in kind, else quote."""
    rate = instrument.maker_fee if liquidity is Liquidity.MAKER else instrument.taker_fee
    if instrument.fee_in_base and side is OrderSide.BUY:
        return amount * rate, instrument.base
    return price * amount * rate, instrument.quote


def _worst_fee(instrument: Instrument) -> Decimal:
    return max(instrument.taker_fee, instrument.maker_fee, ZERO)


def _short_of(needed: Decimal, free: Decimal, currency: str) -> str:
    return f"it needs {plain(needed)} {currency} and {plain(free)} {currency} is free"


class SpotLedger:
    """Balances per currency, and what open orders hold of them."""

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        self._total: defaultdict[str, Decimal] = defaultdict(Decimal, balances)
        self._held: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._holds: dict[str, tuple[str, Decimal]] = {}  # client id -> currency, amount

    def reserve(self, order: PaperOrder, touch: Decimal | None) -> None:
        del touch
        currency, needed = self._hold_of(order)
        _, before = self._holds.get(order.client_id, (currency, ZERO))
        free = self._total[currency] - self._held[currency] + before
        if needed > free:
            raise refusal(order.instrument, _short_of(needed, free, currency))
        self._hold(order, currency, needed)

    def release(self, order: PaperOrder) -> None:
        currency, amount = self._holds.pop(order.client_id, ("", ZERO))
        if amount:
            self._held[currency] -= amount

    def settle(self, order: PaperOrder, fill: Fill) -> None:
        base, quote = order.instrument.base, order.instrument.quote
        self._total[base] += order.side.sign * fill.amount
        self._total[quote] -= order.side.sign * fill.price * fill.amount
        self._total[fill.fee_currency] -= fill.fee
        self._hold(order, *self._hold_of(order))

    def position(self, symbol: str) -> Decimal:
        del symbol
        return ZERO

    def positions(self) -> Mapping[str, Decimal]:
        return {}

    def set_leverage(self, instrument: Instrument, leverage: int, margin_mode: str | None) -> None:
        del leverage, margin_mode
        raise VenueRefused(f"{instrument.venue} is a spot market and has no leverage.")

    def balances(self) -> Mapping[str, Balance]:
        return {currency: Balance(currency, total, total - self._held[currency]) for currency, total in sorted(self._total.items())}

    def _hold(self, order: PaperOrder, currency: str, amount: Decimal) -> None:
        self.release(order)
        self._holds[order.client_id] = (currency, amount)
        self._held[currency] += amount

    @staticmethod
    def _hold_of(order: PaperOrder) -> tuple[str, Decimal]:
        instrument = order.instrument
        if not order.is_bid:
            return instrument.base, order.remaining
        fee = ZERO if instrument.fee_in_base else _worst_fee(instrument)
        return instrument.quote, order.remaining * order.price * (1 + fee)


@dataclass(slots=True)
class _Position:
    """Signed base amount and its entry cost in quote, always >= 0."""

    currency: str
    amount: Decimal = ZERO
    entry_cost: Decimal = ZERO


class PerpLedger:
    """One wallet per settlement currency, net positions, and margin by the symbol's leverage. Unrealised profit is not counted.

    Cross or isolated changes nothing here, because nothing is liquidated; when it may be changed is as on real venues.
    """

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        self._wallet: defaultdict[str, Decimal] = defaultdict(Decimal, balances)
        self._positions: dict[str, _Position] = {}
        self._orders: dict[str, tuple[PaperOrder, Decimal]] = {}  # client id -> order, price its margin is reckoned at
        self._leverage: dict[str, int] = {}
        self._mode: dict[str, str] = {}

    def reserve(self, order: PaperOrder, touch: Decimal | None) -> None:
        price = order.price if order.is_bid or touch is None else max(order.price, touch)
        currency = order.instrument.quote
        others = [entry for client_id, entry in self._orders.items() if client_id != order.client_id]
        used = self._used(currency, [*others, (order, price)])
        wallet = self._wallet[currency]
        if used > wallet and used > (without := self._used(currency, others)):
            raise refusal(order.instrument, _short_of(used - without, max(wallet - without, ZERO), currency))
        self._orders[order.client_id] = (order, price)

    def release(self, order: PaperOrder) -> None:
        self._orders.pop(order.client_id, None)

    def settle(self, order: PaperOrder, fill: Fill) -> None:
        position = self._positions.setdefault(fill.symbol, _Position(order.instrument.quote))
        signed = order.side.sign * fill.amount
        profit = ZERO
        closed = min(abs(position.amount), fill.amount) if position.amount * signed < 0 else ZERO
        if closed:
            whole = closed == abs(position.amount)
            cost = position.entry_cost if whole else (position.entry_cost * closed / abs(position.amount)).quantize(_CENT)
            profit = (closed * fill.price - cost) * (1 if position.amount > 0 else -1)
            position.entry_cost -= cost
        position.amount += signed
        position.entry_cost += (fill.amount - closed) * fill.price
        wallet = self._wallet[fill.fee_currency] + profit - fill.fee
        self._wallet[fill.fee_currency] = max(wallet, ZERO)

    def position(self, symbol: str) -> Decimal:
        return self._positions[symbol].amount if symbol in self._positions else ZERO

    def positions(self) -> Mapping[str, Decimal]:
        return {symbol: position.amount for symbol, position in self._positions.items() if position.amount}

    def set_leverage(self, instrument: Instrument, leverage: int, margin_mode: str | None) -> None:
        venue, symbol = instrument.venue, instrument.symbol
        if not 1 <= leverage <= MAX_LEVERAGE:
            raise VenueRefused(f"{venue} refused a leverage of {leverage}: it takes 1 to {MAX_LEVERAGE}.")
        mode = self._mode.get(symbol, "cross")
        busy = self.position(symbol) or any(order.instrument.symbol == symbol for order, _ in self._orders.values())
        if margin_mode not in (None, mode) and busy:
            raise VenueRefused(f"{venue} refused {margin_mode} margin: {symbol} has a position or open orders under {mode} margin.")
        before, wallet = self._leverage.get(symbol, LEVERAGE), self._wallet[instrument.quote]
        self._leverage[symbol] = leverage
        used = self._used(instrument.quote, self._orders.values())
        if leverage < before and used > wallet:
            self._leverage[symbol] = before
            raise VenueRefused(f"{venue} refused a leverage of {leverage}: {_short_of(used, wallet, instrument.quote)}.")
        self._mode[symbol] = margin_mode or mode

    def balances(self) -> Mapping[str, Balance]:
        return {
            currency: Balance(currency, wallet, max(wallet - self._used(currency, self._orders.values()), ZERO))
            for currency, wallet in sorted(self._wallet.items())
        }

    def _used(self, currency: str, orders: Iterable[tuple[PaperOrder, Decimal]]) -> Decimal:
        """Quote bound by positions and by `orders`: per symbol only the worse side opens, the other closes it first."""
        opening: defaultdict[tuple[str, OrderSide], Decimal] = defaultdict(Decimal)
        closable: dict[tuple[str, OrderSide], Decimal] = {}
        fees = ZERO
        for order, price in orders:
            instrument = order.instrument
            if instrument.quote != currency:
                continue
            remaining = order.remaining
            fees += remaining * price * _worst_fee(instrument)
            if order.reduce_only:
                continue
            key = (instrument.symbol, order.side)
            left = closable.get(key, max(-order.side.sign * self.position(instrument.symbol), ZERO))
            closes = min(left, remaining)
            closable[key] = left - closes
            opening[key] += (remaining - closes) * price
        bound = fees
        for symbol, position in self._positions.items():
            if position.currency == currency:
                bound += position.entry_cost / self._leverage.get(symbol, LEVERAGE)
        for symbol in {symbol for symbol, _ in opening}:
            bound += max(opening[symbol, OrderSide.BUY], opening[symbol, OrderSide.SELL]) / self._leverage.get(symbol, LEVERAGE)
        return bound
