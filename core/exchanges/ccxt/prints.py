"""A venue's public trades. Some exchanges begin a subscription with the last fifty: those are history, not news.

A print lost on the way is a hole in the tape and nothing else, so a loss is logged and not told: the book does not depend on it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, final

from core.domain.clock import MICROSECONDS, Clock
from core.domain.enums import OrderSide
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.market import MarketMessage, PublicTrade
from core.exchanges.ccxt.subscription import Subscription

log = logging.getLogger(__name__)

# A print this much older than its subscription was made before it; the rest is the exchange's clock and the way.
_HISTORY_US = 5 * MICROSECONDS
_REMEMBERED = 5_000


@final
class PrintSubscription(Subscription):
    """One market's trades.

    Args:
        symbol: as ccxt calls it.
        tell: called with every trade, once.
    """

    SILENCE_US = 120 * MICROSECONDS

    def __init__(
        self,
        exchange: Any,
        instrument: Instrument,
        symbol: str,
        clock: Clock,
        siblings: set[Subscription],
        tell: Callable[[MarketMessage], None],
    ) -> None:
        super().__init__(exchange, instrument.venue, f"the trades of {instrument.symbol}", clock, siblings)
        self._instrument = instrument
        self._symbol = symbol
        self._tell = tell
        self._known: set[str] = set()
        self._order: deque[str] = deque()

    @property
    def _worth_a_socket(self) -> bool:
        return False

    async def _watch(self) -> None:
        begun_us = self._clock.now_us()
        while True:
            trades = await self._exchange.watch_trades(self._symbol, None, None, {})
            self._heard()
            now_us = self._clock.now_us()
            for trade in trades:
                try:
                    public = public_trade(trade, self._instrument, now_us)
                except MarketDataError as error:
                    log.info("%s: a trade was left out: %s", self._what, error, extra={"detail": trade})
                    continue
                if public.ts_us >= begun_us - _HISTORY_US and self._is_new(public.trade_id):
                    self._tell(public)

    def _is_new(self, trade_id: str) -> bool:
        if trade_id in self._known:
            return False
        self._known.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > _REMEMBERED:
            self._known.discard(self._order.popleft())
        return True

    def _tell_lost(self, reason: str) -> None:
        log.info("%s: %s", self._what, reason)

    async def _unsubscribe(self) -> bool:
        if not self._exchange.has.get("unWatchTrades"):
            return False
        await self._exchange.un_watch_trades(self._symbol, {})
        return True


def public_trade(trade: Mapping[str, Any], instrument: Instrument, received_us: int) -> PublicTrade:
    """ccxt's trade in ticks and units; one that has no id is known by everything else that is said of it.

    Raises:
        MarketDataError: no price, no size, no time or no side.
    """
    where = f"{instrument.venue} {instrument.symbol}"
    price, amount, ts_ms, side = trade.get("price"), trade.get("amount"), trade.get("timestamp"), trade.get("side")
    if (
        not isinstance(price, int | float)
        or not isinstance(amount, int | float)
        or not isinstance(ts_ms, int)
        or side not in ("buy", "sell")
    ):
        raise MarketDataError(f"{where}: a trade lacks its price, size, time or side.", detail=trade)
    (ticks,) = instrument.parse_ticks([repr(price)])
    (units,) = instrument.parse_units([repr(amount * float(instrument.contract_size))])
    trade_id = trade.get("id")
    if trade_id is None:
        trade_id = f"{ts_ms}-{side}-{price!r}-{amount!r}"
    return PublicTrade(instrument.venue, instrument.symbol, ts_ms * 1_000, received_us, ticks, units, OrderSide(side), str(trade_id))
