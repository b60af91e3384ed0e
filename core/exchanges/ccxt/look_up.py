"""Finding an order and its trades. "Not there" is a proof, so it takes every place to answer, and none of them to know it.

A place that fails, a list that is longer than what we were given of it, or trades of an order that no list shows yet (venues
write their lists one after the other) all mean: ask again later. What the venue has acknowledged to us once is never absent, and
nothing is on an exchange that may hold it under another id, or where we can't tell that a list is whole (`Quirks.proves_absence`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from core.domain.clock import Clock
from core.domain.errors import OrderNotFound, OutcomeUnknown
from core.domain.instruments import Instrument
from core.domain.orders import Fill
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.memory import OrderMemory
from core.exchanges.ccxt.orders import client_id_in, fill_of, named_right, venue_order
from core.exchanges.ccxt.outcomes import Ask
from core.exchanges.ccxt.quirks import LookUp, Paging, Quirks
from core.exchanges.connector import VenueOrder, VenueOrderStatus

Raw = Mapping[str, Any]

_DAY_MS = 86_400_000
# How far back lists are read for an order whose age we do not know: nobody looks for an older one.
_HISTORY_MS = 7 * _DAY_MS
# An order may have been placed this long before we think it was: clocks differ.
_EARLIER_MS = 60_000
_MOST_PAGES = 100


@final
class LookUps:
    """The questions of one venue."""

    def __init__(self, client: Any, quirks: Quirks, memory: OrderMemory, asking: Asking, clock: Clock) -> None:
        self._client = client
        self._quirks = quirks
        self._memory = memory
        self._asking = asking
        self._clock = clock

    async def find(self, instrument: Instrument, ccxt_symbol: str, client_id: str) -> VenueOrder | None:
        """The order, wherever it is known; None only when every place answered and none knew it.

        Raises:
            VenueError: some place did not answer.
            OutcomeUnknown: they answered, but not so that it proves anything.
        """
        for place in self._quirks.look_ups:
            raw = await self._look(place, ccxt_symbol, client_id)
            if raw is not None:
                if not raw.get("id"):
                    raise OutcomeUnknown(f"{instrument.venue} answered, but without an order.")
                found = venue_order({**raw, "clientOrderId": client_id}, instrument, self._memory, self._clock.now_us())
                self._memory.hear(found)
                self._memory.born(client_id, int(raw.get("timestamp") or 0) * 1000)
                return found
        known = self._memory.get(client_id)
        if known is not None and known.acknowledged:
            raise OutcomeUnknown(f"{instrument.venue} has taken the order {client_id} and does not show it yet.")
        if not self._quirks.proves_absence:
            raise OutcomeUnknown(f"{instrument.venue} does not show the order, and it is not known whether it would.")
        return None

    async def open_orders(self, instrument: Instrument, ccxt_symbol: str) -> list[VenueOrder]:
        """Every open order of a symbol, ours or not."""
        now_us = self._clock.now_us()
        orders = [venue_order(self._copy(raw), instrument, self._memory, now_us) for raw in await self._open(ccxt_symbol)]
        for order in orders:
            self._memory.hear(order)
        return [order for order in orders if order.status is VenueOrderStatus.OPEN]

    async def fills_of(self, instrument: Instrument, ccxt_symbol: str, client_id: str) -> list[Fill]:
        """Every trade of an order so far, oldest first; none where the venue does not know the order."""
        known = self._memory.get(client_id)
        order_id = known.venue_order_id if known is not None and known.asked_us else ""
        if not order_id:
            found = await self.find(instrument, ccxt_symbol, client_id)
            if found is None:
                return []
            order_id = found.venue_order_id
        since_ms = self._born_ms(client_id)
        params: dict[str, object] = {}
        if self._quirks.trades_by_order is not None:
            params[self._quirks.trades_by_order] = order_id
        trades = [raw for raw in await self._trades(ccxt_symbol, params, since_ms) if str(raw.get("order") or "") == order_id]
        now_us = self._clock.now_us()
        fills = {fill.trade_id: fill for raw in trades if (fill := fill_of(raw, instrument, self._quirks, client_id, now_us)) is not None}
        return sorted(fills.values(), key=lambda fill: (fill.ts_us, len(fill.trade_id), fill.trade_id))

    async def client_id_of(self, ccxt_symbol: str, venue_order_id: str) -> str:
        """Our id of the venue's order; empty when it has none.

        Raises:
            VenueError: the venue did not tell.
        """
        params = {"acknowledged": True} if self._client.id == "bybit" else {}
        raw = await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_order(venue_order_id, ccxt_symbol, params))
        return str(self._copy(raw).get("clientOrderId") or "")

    # -- places --------------------------------------------------------------------------------------

    async def _look(self, place: LookUp, ccxt_symbol: str, client_id: str) -> Raw | None:
        named: dict[str, object] = {self._quirks.client_id_to_find or self._quirks.client_id: client_id}
        match place:
            case LookUp.BY_ID:
                try:
                    return self._copy(await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_order(None, ccxt_symbol, named)))
                except OrderNotFound:
                    return None
            case LookUp.OPEN_BY_ID:
                page = await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_open_orders(ccxt_symbol, None, None, named))
                return self._with_id(page, client_id)
            case LookUp.HISTORY_BY_ID:
                method = "fetchCanceledAndClosedOrders" if self._client.has.get("fetchCanceledAndClosedOrders") else "fetchClosedOrders"
                ask = getattr(self._client, _snake(method))
                return self._with_id(await self._asking.ask(Ask.QUERY, lambda: ask(ccxt_symbol, None, None, named)), client_id)
            case LookUp.OPEN:
                return self._with_id(await self._open(ccxt_symbol), client_id)
            case LookUp.HISTORY:
                return await self._history(ccxt_symbol, client_id)
            case LookUp.TRADES_BY_ID | LookUp.TRADES:
                by_id = place is LookUp.TRADES_BY_ID
                trades = await self._trades(ccxt_symbol, named if by_id else {}, None if by_id else self._born_ms(client_id))
                if any(client_id_in(raw, self._quirks) == client_id for raw in trades):
                    raise OutcomeUnknown(f"{self._client.id} shows trades of the order {client_id}, and not yet the order.")
                return None

    async def _history(self, ccxt_symbol: str, client_id: str) -> Raw | None:
        """Look through the lists of ended orders that the exchange has.

        Raises:
            OutcomeUnknown: it has none, or more than it gave us.
        """
        ways = [("fetchCanceledAndClosedOrders",), ("fetchOrders",), ("fetchClosedOrders", "fetchCanceledOrders"), ("fetchClosedOrders",)]
        methods = next((way for way in ways if all(self._client.has.get(method) for method in way)), ())
        if not methods:
            raise OutcomeUnknown(f"{self._client.id} keeps no list of ended orders, so nobody can tell what became of one.")
        since_ms = self._born_ms(client_id)
        for method in methods:
            ask = getattr(self._client, _snake(method))
            page = await self._asking.ask(Ask.QUERY, lambda ask=ask: ask(ccxt_symbol, since_ms, self._quirks.page))  # type: ignore[misc]  # mypy can't infer a default argument's type
            if (raw := self._with_id(page, client_id)) is not None:
                return raw
            if len(page) >= self._quirks.page:
                raise OutcomeUnknown(f"{self._client.id} has more ended orders than it lists at once.")
        return None

    async def _open(self, ccxt_symbol: str) -> list[Raw]:
        """All open orders of a symbol, however many pages that takes."""
        if self._quirks.paging is not Paging.CURSOR:
            return list(await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_open_orders(ccxt_symbol)))
        orders: list[Raw] = []
        params: dict[str, object] = {}
        for _ in range(_MOST_PAGES):
            page = await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_open_orders(ccxt_symbol, None, 50, dict(params)))
            orders += page
            cursor = cursor_of(page)
            if not cursor or cursor == params.get("cursor"):
                return orders
            params["cursor"] = cursor
        raise OutcomeUnknown(f"{self._client.id} lists more open orders than can be read.")

    # -- trades --------------------------------------------------------------------------------------

    async def _trades(self, ccxt_symbol: str, params: Mapping[str, object], since_ms: int | None) -> list[Raw]:
        """All our trades that fit, however many pages and windows of time that takes; those of other symbols may be among them.

        Args:
            since_ms: when the order was placed; None: the venue's own window reaches far enough.
        """
        now_ms = self._clock.now_us() // 1000
        days = self._quirks.trade_window_days
        if days is None:  # Binance's spot venue refuses an order's id together with a time
            return await self._pages(ccxt_symbol, params, None if params else since_ms)
        if since_ms is None or now_ms - since_ms < days * _DAY_MS - _EARLIER_MS:
            return await self._pages(ccxt_symbol, params, None)
        trades: dict[str, Raw] = {}
        for start_ms in range(since_ms, now_ms, days * _DAY_MS - 1):
            end_ms = min(start_ms + days * _DAY_MS - 1, now_ms)
            for raw in await self._pages(ccxt_symbol, {**params, "until": end_ms}, start_ms):
                trades[_key(raw)] = raw
        return list(trades.values())

    async def _pages(self, ccxt_symbol: str, params: Mapping[str, object], since_ms: int | None) -> list[Raw]:
        trades: dict[str, Raw] = {}
        limit = self._quirks.page
        # Kraken counts the trades of all symbols, and ccxt would pick ours out before they can be counted here.
        symbol = None if self._quirks.paging is Paging.OFFSET else ccxt_symbol
        asked: Mapping[str, object] = dict(params)
        for _ in range(_MOST_PAGES):
            page = await self._asking.ask(
                Ask.QUERY,
                lambda since=since_ms, asked=asked: self._client.fetch_my_trades(symbol, since, limit, dict(asked)),  # type: ignore[misc]  # mypy can't infer a default argument's type
            )
            fresh = {_key(raw): dict(raw) for raw in page if _key(raw) not in trades}
            trades |= fresh
            following = self._following(page, asked, since_ms, len(trades)) if fresh else None
            if following is None:
                return list(trades.values())
            asked, since_ms = following
        raise OutcomeUnknown(f"{self._client.id} lists more trades than can be read.")

    def _following(
        self, page: Sequence[Raw], asked: Mapping[str, object], since_ms: int | None, seen: int
    ) -> tuple[Mapping[str, object], int | None] | None:
        """What to ask for after `page`; None when that was all."""
        full = len(page) >= self._quirks.page
        match self._quirks.paging:
            case Paging.CURSOR:
                cursor = cursor_of(page)
                return ({**asked, "cursor": cursor}, since_ms) if cursor and cursor != asked.get("cursor") else None
            case Paging.FROM_ID:
                # Without an id Binance gives the latest, so a full first page means starting over from the oldest one. An id
                # can't be combined with times.
                following = max(int(raw["id"]) for raw in page) + 1 if "fromId" in asked else 0
                return ({**{k: v for k, v in asked.items() if k != "until"}, "fromId": following}, None) if full else None
            case Paging.AFTER:
                oldest = min(page, key=lambda raw: (raw.get("timestamp") or 0, str(raw.get("id"))))
                return ({**asked, "after": oldest["info"].get("billId")}, since_ms) if full else None
            case Paging.OFFSET:
                return ({**asked, "ofs": seen}, since_ms) if full else None
            case Paging.SINCE:  # exchanges may give less than they were asked for, so only a page without news is the last
                return asked, max(int(raw.get("timestamp") or 0) for raw in page)

    def _with_id(self, page: Sequence[Raw], client_id: str) -> Raw | None:
        return next((raw for raw in map(self._copy, page) if raw.get("clientOrderId") == client_id), None)

    def _copy(self, raw: Raw) -> Raw:
        """ccxt goes on changing what it has given out, and may have called it by a name that is not ours. To be made of ccxt's own only:
        of a copy there is no prefix left to take off."""
        return named_right(raw, self._quirks)

    def _born_ms(self, client_id: str) -> int:
        """Since when to look for an order."""
        known = self._memory.get(client_id)
        asked_ms = known.asked_us // 1000 if known is not None and known.asked_us else 0
        return asked_ms - _EARLIER_MS if asked_ms else self._clock.now_us() // 1000 - _HISTORY_MS


def cursor_of(page: Sequence[Raw]) -> str:
    """Where Bybit says the next page starts; ccxt puts that into one of the page's entries."""
    return next((str(raw["info"]["nextPageCursor"]) for raw in page if raw.get("info", {}).get("nextPageCursor")), "")


def _key(raw: Raw) -> str:
    return f"{raw.get('order')}/{raw.get('id')}/{raw.get('timestamp')}/{raw.get('side')}"


def _snake(method: str) -> str:
    """`fetchOrders` as ccxt's Python calls it."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method)
