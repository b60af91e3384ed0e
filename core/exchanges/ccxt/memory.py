"""What this connector has asked for and heard of, by both of an order's names. It is never evidence that something is *not* there.

Venues name trades by their own order id, answer a create with nothing but ids, and tell the end of an order on a stream before
they answer the request that began it. What was asked for fills those gaps.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import final

from core.domain.enums import OrderSide, TimeInForce
from core.domain.orders import Fill
from core.exchanges.connector import NewOrder, VenueOrder, VenueOrderStatus

# Orders that are over are forgotten, the oldest first, when there are more than this.
KEPT = 5_000

_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


@dataclass(slots=True)
class Remembered:
    """One order.

    Attributes:
        asked: as it was sent, or last amended; None for one that only the venue told of.
        asked_us: when; the venue's time of it for one that an earlier run sent.
        venue_order_id: empty until the venue has named it.
        acknowledged: the venue has said that it took it.
        news: the latest that it said.
        trades: ids of the fills seen, with their amounts in base.
    """

    client_id: str
    asked: NewOrder | None = None
    asked_us: int = 0
    venue_order_id: str = ""
    acknowledged: bool = False
    news: VenueOrder | None = None
    trades: dict[str, Decimal] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.news is not None and self.news.status is not VenueOrderStatus.OPEN

    @property
    def filled(self) -> Decimal:
        """Base, by the trades seen."""
        return sum(self.trades.values(), Decimal(0))

    @property
    def immediate(self) -> bool:
        """It was to trade at once or not at all."""
        return self.asked is not None and self.asked.time_in_force in _IMMEDIATE

    @property
    def side(self) -> OrderSide | None:
        if self.asked is not None:
            return self.asked.side
        return self.news.side if self.news is not None else None


@final
class OrderMemory:
    """The orders of one venue."""

    def __init__(self) -> None:
        self._orders: OrderedDict[str, Remembered] = OrderedDict()
        self._client_ids: dict[str, str] = {}

    def get(self, client_id: str) -> Remembered | None:
        return self._orders.get(client_id)

    def client_id_of(self, venue_order_id: str) -> str | None:
        """Our id of the venue's order; None when we have not heard of it."""
        return self._client_ids.get(venue_order_id)

    def live(self, symbol: str | None = None) -> list[Remembered]:
        """Those not known to be over, of one symbol or of all."""
        return [one for one in self._orders.values() if one.asked is not None and not one.over and symbol in (None, one.asked.symbol)]

    def ask(self, order: NewOrder, now_us: int) -> Remembered:
        """Note an order that is about to be sent."""
        one = self._remember(order.client_id)
        one.asked, one.asked_us = order, now_us
        return one

    def born(self, client_id: str, ts_us: int) -> None:
        """The venue says when an order that we did not send ourselves was placed."""
        one = self._orders.get(client_id)
        if one is not None and not one.asked_us:
            one.asked_us = ts_us

    def forget(self, client_id: str) -> None:
        """It was surely never placed."""
        one = self._orders.get(client_id)
        if one is not None and not one.acknowledged and one.news is None:
            del self._orders[client_id]

    def name(self, client_id: str, venue_order_id: str) -> None:
        """The venue has taken an order, and calls it so."""
        if not client_id or not venue_order_id:
            return
        owner = self._orders.get(self._client_ids.get(venue_order_id, client_id))
        if owner is not None and owner.client_id != client_id and owner.asked is not None:
            return  # whoever says so, that is an order which we sent under another id
        one = self._remember(client_id)
        one.acknowledged = True
        if one.venue_order_id != venue_order_id:
            self._client_ids.pop(one.venue_order_id, None)
            one.venue_order_id = venue_order_id
            self._client_ids[venue_order_id] = client_id

    def hear(self, news: VenueOrder) -> None:
        """Take what the venue says of an order; what is older than what we know, or would bring it back to life, is passed over."""
        self.name(news.client_id, news.venue_order_id)
        if not news.client_id:
            return
        one = self._remember(news.client_id)
        if one.news is None or (news.ts_us >= one.news.ts_us and (not one.over or news.status is not VenueOrderStatus.OPEN)):
            one.news = news

    def trade(self, fill: Fill) -> bool:
        """Note a fill. True when it was new."""
        if (one := self._orders.get(fill.client_id)) is None:
            return True
        if fill.trade_id in one.trades:
            return False
        one.trades[fill.trade_id] = fill.amount
        return True

    def _remember(self, client_id: str) -> Remembered:
        if client_id not in self._orders:
            self._orders[client_id] = Remembered(client_id)
            self._trim()
        self._orders.move_to_end(client_id)
        return self._orders[client_id]

    def _trim(self) -> None:
        if len(self._orders) <= KEPT:
            return
        for client_id, one in self._orders.items():
            if one.over or one.asked is None:
                del self._orders[client_id]
                self._client_ids.pop(one.venue_order_id, None)
                return


def furthest(answer: VenueOrder, known: Remembered) -> VenueOrder:
    """The later of what a request was answered and what the stream has told meanwhile, which may be the order's end."""
    if answer.status is not VenueOrderStatus.OPEN:
        return answer
    if known.news is not None and (known.over or known.news.filled > answer.filled):
        return known.news
    if known.filled >= answer.amount:
        return replace(answer, status=VenueOrderStatus.FILLED, filled=answer.amount)
    return answer
