"""A venue's minutes, page by page: an exchange gives as many as it likes, and some forget early.

What ccxt calls volume is base here, contracts converted. Asking beyond what an exchange keeps yields nothing, not an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from core.domain.candles import MINUTE_US, Candle
from core.domain.instruments import Instrument

_PAGE = 300  # where ccxt does not know how many an exchange gives at once
_MOST = 1_000
# ccxt passes these exchanges' volumes on as they come: in contracts.
_VOLUME_IN_CONTRACTS = frozenset({"gate", "kucoinfutures", "mexc"})


async def fetch_candles(exchange: Any, instrument: Instrument, symbol: str, since_us: int, until_us: int) -> Sequence[Candle]:
    """The minutes that start in [since, until), oldest first; none where the exchange has no candles. May raise what ccxt raises.

    Args:
        symbol: as ccxt calls it.
    """
    if not exchange.has.get("fetchOHLCV") or "1m" not in (exchange.timeframes or {"1m": "1m"}):
        return ()
    page_us = _page(exchange, symbol) * MINUTE_US
    in_contracts = float(instrument.contract_size) if exchange.id in _VOLUME_IN_CONTRACTS else 1.0
    found: dict[int, Candle] = {}
    at_us = since_us
    while at_us < until_us:
        limit = math.ceil(min(page_us, until_us - at_us) / MINUTE_US)
        page = await exchange.fetch_ohlcv(symbol, "1m", at_us // 1_000, limit, {})
        newest_us = at_us - MINUTE_US
        for start_ms, *_, volume in page:
            start_us = int(start_ms) * 1_000
            newest_us = max(newest_us, start_us)
            if since_us <= start_us < until_us and volume is not None and start_us % MINUTE_US == 0:
                found[start_us] = Candle(start_us, max(float(volume), 0.0) * in_contracts)
        # A page without anything new is a hole, or a time before the market was listed: the next one may have more.
        at_us = newest_us + MINUTE_US if newest_us >= at_us else at_us + page_us
    return [found[start_us] for start_us in sorted(found)]


def _page(exchange: Any, symbol: str) -> int:
    """How many minutes it gives at once: asked for more, some leave out the oldest instead of the newest."""
    known = exchange.feature_value(symbol, "fetchOHLCV", "limit")
    return min(known, _MOST) if isinstance(known, int) and known > 0 else _PAGE
