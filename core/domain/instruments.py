"""What a venue trades and its rules: tick, lot, minimums, contract size, fees.

Inside books and planners prices are integer *ticks* and sizes integer *units*
(`size_unit`, the lot unless the feed is finer). Decimal appears at the edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from core.domain.enums import MarketType, OrderSide
from core.domain.errors import MarketDataError
from core.domain.numbers import ceil_to, decimals_of, floor_to

# Beyond these a float is not exact any more, and sums of levels come near the end of int64.
MOST_TICKS = 2**51
MOST_UNITS = 2**53


@dataclass(frozen=True)
class Instrument:
    """One symbol on one venue. Prices are quote per base, amounts base, fees fractions.

    Attributes:
        venue: `binance_spot`.
        symbol: `BTC/USDT`, the same word on spot and perp.
        tick: price step.
        lot: amount step, in base.
        min_amount: smallest amount, in base (0: none).
        min_notional: smallest price * amount, in quote (0: none).
        taker_fee, maker_fee: fractions of the notional; 0.001 is 10 bps. A rebate is negative.
        contract_size: base per contract; the connector converts, nobody else needs it.
        fee_in_base: spot buys pay their fee in base, so less arrives than was bought.
        native_iceberg: the venue hides all but a display amount itself.
        size_unit: resolution of book sizes, in base; defaults to the lot.
    """

    venue: str
    symbol: str
    market_type: MarketType
    tick: Decimal
    lot: Decimal
    min_amount: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    taker_fee: Decimal = Decimal("0.001")
    maker_fee: Decimal = Decimal("0.001")
    contract_size: Decimal = Decimal(1)
    fee_in_base: bool = False
    size_unit: Decimal = Decimal(0)
    native_iceberg: bool = False

    def __post_init__(self) -> None:
        if self.tick <= 0 or self.lot <= 0:
            raise MarketDataError(f"{self.venue} {self.symbol}: tick and lot must be positive.", detail=self)
        if not self.size_unit:
            object.__setattr__(self, "size_unit", self.lot)

    @property
    def base(self) -> str:
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        return self.symbol.split("/")[1]

    @cached_property
    def price_decimals(self) -> int:
        return decimals_of(self.tick)

    @cached_property
    def amount_decimals(self) -> int:
        return decimals_of(self.lot)

    @cached_property
    def _ticks_per_price(self) -> float:
        return float(1 / self.tick)

    @cached_property
    def _units_per_amount(self) -> float:
        return float(1 / self.size_unit)

    def price_of(self, ticks: int) -> Decimal:
        """Ticks to a price, exactly."""
        return self.tick * int(ticks)

    def amount_of(self, units: int) -> Decimal:
        """Book size units to an amount in base, exactly."""
        return self.size_unit * int(units)

    def ticks_of(self, price: Decimal) -> int:
        """A price on the grid to ticks.

        Raises:
            MarketDataError: the price is off the tick.
        """
        ticks = price / self.tick
        whole = int(ticks)
        if whole != ticks:
            raise MarketDataError(f"{self.venue} {self.symbol}: price {price} is off the tick {self.tick}.")
        return whole

    def units_of(self, amount: Decimal) -> int:
        """An amount to whole book size units, rounded down: depth is never overstated."""
        return int(floor_to(amount, self.size_unit) / self.size_unit)

    def parse_ticks(self, prices: Sequence[str]) -> list[int]:
        """Wire prices to ticks, fast.

        Goes through float64 and rounds: exact below `MOST_TICKS`, and an off-tick price is caught.

        Raises:
            MarketDataError: a price that is no number, not positive, off the tick, or too large for any market.
        """
        per = self._ticks_per_price
        ticks: list[int] = []
        try:
            for text in prices:
                exact = float(text) * per
                whole = round(exact)
                if whole <= 0 or abs(exact - whole) > 1e-4 + abs(whole) * 1e-12:
                    raise MarketDataError(f"{self.venue} {self.symbol}: price {text} is off the tick {self.tick}.")
                if whole >= MOST_TICKS:
                    raise MarketDataError(f"{self.venue} {self.symbol}: price {text} is absurd.")
                ticks.append(whole)
        except (ValueError, TypeError, OverflowError) as error:
            raise MarketDataError(f"{self.venue} {self.symbol}: a price is not a number.", detail=error) from None
        return ticks

    def parse_units(self, sizes: Sequence[str]) -> list[int]:
        """Wire sizes to book units, rounded down to whole units.

        Raises:
            MarketDataError: a size that is no number, negative, or too large for any market.
        """
        per = self._units_per_amount
        units: list[int] = []
        try:
            for text in sizes:
                exact = float(text) * per
                # A hair of float error must not floor 3.0 to 2.
                whole = int(exact + 1e-6 + exact * 1e-14)
                if not exact >= 0:
                    raise MarketDataError(f"{self.venue} {self.symbol}: size {text} is negative.")
                if whole >= MOST_UNITS:
                    raise MarketDataError(f"{self.venue} {self.symbol}: size {text} is absurd.")
                units.append(whole)
        except (ValueError, TypeError, OverflowError) as error:
            raise MarketDataError(f"{self.venue} {self.symbol}: a size is not a number.", detail=error) from None
        return units

    def floor_amount(self, amount: Decimal) -> Decimal:
        """Down to a whole lot."""
        return floor_to(amount, self.lot)

    def round_price(self, price: Decimal, side: OrderSide) -> Decimal:
        """Onto the tick, never past the trader's limit: buys down, sells up."""
        return floor_to(price, self.tick) if side is OrderSide.BUY else ceil_to(price, self.tick)

    def shortfall_of_minimums(self, amount: Decimal, price: Decimal) -> str | None:
        """Why the venue would refuse this size as too small, in words; None when it would not."""
        if amount < self.min_amount:
            return f"{amount} {self.base} is under the minimum of {self.min_amount} {self.base}"
        if amount * price < self.min_notional:
            return f"{amount * price:.2f} {self.quote} is under the minimum notional of {self.min_notional} {self.quote}"
        return None
