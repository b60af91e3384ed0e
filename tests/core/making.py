"""Small books, instruments and requests, as tests like to write them: in plain prices and amounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from core.domain.enums import ExecutionStrategy, MarketType, OrderSide, OrderType
from core.domain.instruments import Instrument
from core.domain.market import BookState, BookView, Levels, MarketView
from core.domain.plan import ExecutionRequest

NOW_US = 1_700_000_000_000_000
Rows = Sequence[tuple[str, str]]


def instrument(venue: str = "binance_spot", **rules: Any) -> Instrument:
    """A venue with friendly round rules: tick 0.1, lot 0.001, no minimums, no fees; `rules` override."""
    plain: dict[str, Any] = {"tick": "0.1", "lot": "0.001", "taker_fee": "0", "maker_fee": "0"} | rules
    decimals: dict[str, Any] = {name: Decimal(value) if isinstance(value, str) else value for name, value in plain.items()}
    return Instrument(venue, "BTC/USDT", MarketType.PERP if venue.endswith("_perp") else MarketType.SPOT, **decimals)


def book(venue: str, bids: Rows = (), asks: Rows = (), *, state: BookState = BookState.LIVE, **rules: Any) -> BookView:
    """A venue's book from (price, size) rows, best first."""
    made = instrument(venue, **rules)
    return BookView(made, _levels(made, bids), _levels(made, asks), state, NOW_US)


def _levels(made: Instrument, rows: Rows) -> Levels:
    ticks = [made.ticks_of(Decimal(price)) for price, _ in rows]
    units = [made.units_of(Decimal(size)) for _, size in rows]
    return Levels(np.array(ticks, np.int64), np.array(units, np.int64))


def market(*books: BookView) -> MarketView:
    return MarketView("BTC/USDT", NOW_US, {view.venue: view for view in books})


def request(side: str = "buy", amount: str = "1", price: str | None = "100", **more: Any) -> ExecutionRequest:
    """A PRICE_OPTIMIZED limit order; without a price a market order."""
    words = {"strategy": ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY} | more
    order_type = OrderType.MARKET if price is None else OrderType.LIMIT
    return ExecutionRequest("BTC/USDT", OrderSide(side), Decimal(amount), order_type, price=Decimal(price) if price else None, **words)
