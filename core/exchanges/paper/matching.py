"""Price-time matching of our orders against a displayed book that belongs to others.

What a taker takes stays taken: the hole is written into the book and published, and closes only when
the feed names that level again. A maker queues behind the size displayed when it arrived; trades
at its price shorten the queue, and so does the level whenever it shows less than the queue we
believed in. We never fill more than a trade or a level had. Our own orders are not displayed and
never trade with each other.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from core.domain.enums import Liquidity, OrderSide
from core.domain.errors import MarketDataError
from core.domain.instruments import Instrument
from core.domain.market import BookState, PublicTrade
from core.exchanges.paper.orders import PaperOrder
from core.market.book import OrderBook

Take = tuple[int, int]  # tick, size units
OnMatch = Callable[[PaperOrder, int, int, Liquidity], None]  # order, tick, size units, which side of the trade we were
OnHole = Callable[[OrderSide, list[Take]], None]  # the taker's side, new absolute sizes
Allowance = Callable[[PaperOrder], int]

_CHUNK = 64  # levels fetched at first; a deeper walk fetches four times as many each time


class MatchingBook:
    """The truth about one instrument: the displayed book and our orders resting in it.

    Args:
        on_match: told of every match, before the next one is looked for.
        on_hole: told of levels that our orders emptied or thinned, to publish them.
        allowance: size units an order may still fill; less than its rest when it is reduce-only.
    """

    def __init__(self, instrument: Instrument, on_match: OnMatch, on_hole: OnHole, allowance: Allowance) -> None:
        if instrument.lot % instrument.size_unit:
            raise MarketDataError(f"{instrument.venue} {instrument.symbol}: the lot must be whole size units.", detail=instrument)
        self.book = OrderBook(instrument)
        self._lot_units = int(instrument.lot / instrument.size_unit)
        self._on_match = on_match
        self._on_hole = on_hole
        self._allowance = allowance
        self._bids: list[PaperOrder] = []  # best price first, then by arrival
        self._asks: list[PaperOrder] = []

    @property
    def tradable(self) -> bool:
        """Whether the book can be trusted to match against."""
        return self.book.state is BookState.LIVE

    def would_cross(self, side: OrderSide, tick: int) -> bool:
        """Whether a limit at `tick` meets the displayed other side."""
        if side is OrderSide.BUY:
            best = self.book.best_ask_tick
            return best is not None and best <= tick
        best = self.book.best_bid_tick
        return best is not None and best >= tick

    def available(self, side: OrderSide, tick: int, wanted: int) -> int:
        """Size units, up to `wanted`, that a taker with this limit would get now."""
        return sum(units for _, units in self._walk(side, tick, wanted))

    def take(self, order: PaperOrder) -> None:
        """Match a new or amended order against the displayed book, best level first."""
        self._trade(order, maker=False)

    def vanish(self, side: OrderSide, tick: int, leave: int) -> None:
        """A faster taker on `side` empties the book up to `tick` but for its last `leave` units."""
        levels = self._levels(side, tick)
        self._dig(side, _shorten(levels, sum(units for _, units in levels) - leave))

    def rest(self, order: PaperOrder) -> None:
        """Put `order` at the back of the queue at its price."""
        order.ahead_units = self.book.size_at(order.is_bid, order.tick)
        insort(self._bids if order.is_bid else self._asks, order, key=_priority)

    def remove(self, order: PaperOrder) -> None:
        """Take `order` out of the queue; no matter if it is not in it."""
        queue = self._bids if order.is_bid else self._asks
        if order in queue:
            queue.remove(order)

    def on_book(self) -> None:
        """After the feed has changed the book: shorten queues, and fill what the other side now crosses."""
        if not self.tradable:
            return
        for queue in (self._bids, self._asks):
            for order in queue:
                order.ahead_units = min(order.ahead_units, self.book.size_at(order.is_bid, order.tick))
            for order in queue.copy():
                if not self.would_cross(order.side, order.tick):
                    break  # best price first: the rest can't cross either
                if order.is_open:
                    self._trade(order, maker=True)

    def on_trade(self, trade: PublicTrade) -> None:
        """Let a print pass through our queues: better prices first, then its own price in turn."""
        left = trade.size_units
        price = trade.price_ticks
        for order in (self._bids if trade.side is OrderSide.SELL else self._asks).copy():
            if left <= 0 or not order.reaches(price):
                break
            if not order.is_open:
                continue
            ahead = order.ahead_units if order.tick == price else 0  # a trade beyond our price emptied our level
            order.ahead_units = max(ahead - left, 0)
            units = self._whole_lots(min(left - ahead, self._allowance(order)))
            if units > 0:
                left -= units
                self._on_match(order, order.tick, units, Liquidity.MAKER)

    def _trade(self, order: PaperOrder, *, maker: bool) -> None:
        """Match `order` with the displayed other side: at its levels as a taker, at our own price as a maker."""
        takes = self._walk(order.side, order.tick, self._allowance(order))
        self._dig(order.side, takes)
        for tick, units in takes:
            self._on_match(order, order.tick if maker else tick, units, Liquidity.MAKER if maker else Liquidity.TAKER)

    def _walk(self, side: OrderSide, tick: int, wanted: int) -> list[Take]:
        """Levels that a taker would use, best first; each in whole lots, together at most `wanted`."""
        return _shorten(self._levels(side, tick, wanted), self._whole_lots(wanted))

    def _levels(self, side: OrderSide, tick: int, wanted: int | None = None) -> list[Take]:
        """Displayed levels within `tick`, in whole lots, best first, at least until they add up to `wanted`."""
        buys = side is OrderSide.BUY
        limit = _CHUNK
        while True:
            levels = self.book.levels("asks" if buys else "bids", None if wanted is None else limit)
            within = [
                (at, self._whole_lots(size))
                for at, size in zip(levels.ticks.tolist(), levels.sizes.tolist(), strict=True)
                if (at <= tick if buys else at >= tick)
            ]
            if wanted is None or len(within) < limit or sum(units for _, units in within) >= wanted:
                return within
            limit *= 4

    def _dig(self, side: OrderSide, takes: list[Take]) -> None:
        if takes:
            is_bid = side is OrderSide.SELL
            self._on_hole(side, [(tick, self.book.size_at(is_bid, tick) - units) for tick, units in takes])

    def _whole_lots(self, units: int) -> int:
        return units - units % self._lot_units


def _priority(order: PaperOrder) -> int:
    return -order.tick if order.is_bid else order.tick


def _shorten(levels: list[Take], wanted: int) -> list[Take]:
    """The first levels that add up to `wanted`, the last one cut."""
    takes: list[Take] = []
    for tick, units in levels:
        if wanted <= 0:
            break
        if units:
            takes.append((tick, min(units, wanted)))
            wanted -= takes[-1][1]
    return takes
