"""Public WebSockets: SUBSCRIBE by topic, then diffs with update ids, prints, candles and touches.

Book changes are gathered for a moment and told as one event; `U` and `u` span its update ids, and on USD-M `pu` is the
`u` of the event before. There is no snapshot in the stream: that is REST's. A lost event is lost for every client,
and its numbers are missing.
https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, final

import orjson
from aiohttp import web

from tests.emulator.binance_market import INTERVALS_S, Kline, Market
from tests.emulator.book import BookChange, PublicPrint
from tests.emulator.streams import Stream, StreamKind
from tests.emulator.world import EmulatedVenue, market_id

if TYPE_CHECKING:
    from tests.emulator.server import Emulator

_PARTIAL_DEPTHS = (5, 10, 20)
_CHANNELS = ("depth", "trade", "aggTrade", "bookTicker", "kline_", *(f"depth{levels}" for levels in _PARTIAL_DEPTHS))


@final
class _Diffs:
    """Gathers one symbol's changes, and remembers the last event's `u`."""

    def __init__(self, first_id: int) -> None:
        self.told_id = first_id
        self.last_id = first_id
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.ts_us = 0

    def add(self, change: BookChange) -> bool:
        """True when it is the first since the last event."""
        first = self.last_id == self.told_id
        self.bids |= change.bids
        self.asks |= change.asks
        self.last_id, self.ts_us = change.last_id, change.ts_us
        return first


@final
class MarketStreams:
    """The public streams of one venue."""

    def __init__(self, emulator: Emulator, venue: EmulatedVenue, market: Market) -> None:
        self._emulator = emulator
        self._venue = venue
        self._market = market
        self._diffs = {symbol: _Diffs(venue.book(symbol).update_id) for symbol in venue.instruments}
        venue.on_book(self._on_book)
        venue.on_print(self._on_print)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection; topics may be in the path (`/ws/btcusdt@trade`, `/stream?streams=a/b`)."""
        stream = Stream(request, StreamKind.MARKET, (self._venue,), self._emulator.clock)
        stream.state["combined"] = request.path.endswith("/stream")
        stream.topics |= {topic for topic in request.query.get("streams", "").split("/") if topic}
        stream.topics |= {part for part in request.path.split("/") if "@" in part}

        async def on_text(frame: str) -> None:
            stream.reply(self._command(stream, frame), self._venue.leg_s())

        return await stream.serve(on_text)

    def _command(self, stream: Stream, frame: str) -> dict[str, object]:
        try:
            command = orjson.loads(frame)
            number, method = command.get("id"), command["method"]
            topics = command.get("params") or []
        except (orjson.JSONDecodeError, KeyError, AttributeError):
            return {"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": sorted(stream.topics), "id": number}
        if method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            return {"error": {"code": 2, "msg": f"Invalid request: unknown variant `{method}`"}, "id": number}
        if method == "UNSUBSCRIBE":
            stream.topics.difference_update(topics)
        elif all(self._is_known(topic) for topic in topics):
            stream.topics.update(topics)
        else:
            return {"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": number}
        return {"result": None, "id": number}

    def _is_known(self, topic: object) -> bool:
        if not isinstance(topic, str):
            return False
        market, _, channel = topic.partition("@")
        name = channel.partition("@")[0]
        if market.upper() not in self._venue.markets or market != market.lower():
            return False
        return name.removeprefix("kline_") in INTERVALS_S if name.startswith("kline_") else name in _CHANNELS

    def _on_book(self, change: BookChange) -> None:
        if self._diffs[change.symbol].add(change):
            self._emulator.later(self._emulator.depth_interval_s, lambda: self._tell_diff(change.symbol))
        name = f"{market_id(change.symbol).lower()}@bookTicker"
        if any(name in stream.topics for stream in self._listening()):
            self._tell(lambda topic: topic == name, lambda _: self._touch(change.symbol))

    def _tell_diff(self, symbol: str) -> None:
        diffs = self._diffs[symbol]
        first_id, previous_id, last_id = diffs.told_id + 1, diffs.told_id, diffs.last_id
        bids, asks, diffs.bids, diffs.asks = diffs.bids, diffs.asks, {}, {}
        diffs.told_id = last_id
        market = market_id(symbol)
        name = f"{market.lower()}@depth"
        self._tell(
            lambda topic: topic[len(name) : len(name) + 1].isdigit() and topic.startswith(name), lambda topic: self._top(symbol, topic)
        )

        def wanted(topic: str) -> bool:
            return topic == name or topic.startswith(f"{name}@")

        heard = any(wanted(topic) for stream in self._listening() for topic in stream.topics)
        if not heard or self._venue.faults.draw_lost_book_update():
            return
        rows, book = self._market.rows, self._venue.book(symbol)
        event: dict[str, object] = {"e": "depthUpdate", "E": self._venue.now_ms(), "s": market, "U": first_id, "u": last_id}
        if self._venue.is_perp:
            event |= {"T": self._venue.ms_of(diffs.ts_us), "pu": previous_id}
        event |= {"b": rows(symbol, book.rows(bids)), "a": rows(symbol, book.rows(asks))}
        self._tell(wanted, lambda _: event)

    def _on_print(self, one: PublicPrint) -> None:
        symbol, market = one.symbol, market_id(one.symbol)
        now_ms = self._venue.now_ms()
        trade = {
            "e": "trade",
            "E": now_ms,
            "s": market,
            "t": one.number,
            "p": self._market.price(symbol, one.price),
            "q": self._market.amount(symbol, one.amount),
            "T": self._venue.ms_of(one.ts_us),
            "m": one.side.sign < 0,
        } | ({"X": "MARKET"} if self._venue.is_perp else {"M": True})
        self._tell(lambda topic: topic == f"{market.lower()}@trade", lambda _: trade)
        aggregate = {"e": "aggTrade", "E": now_ms, "s": market} | self._market.agg_trade(symbol, one)
        self._tell(lambda topic: topic == f"{market.lower()}@aggTrade", lambda _: aggregate)
        self._tell(lambda topic: topic.startswith(f"{market.lower()}@kline_"), lambda topic: self._candle(symbol, topic))

    def _candle(self, symbol: str, topic: str) -> dict[str, object]:
        """The candle that is not over yet, made of the prints we remember."""
        interval = topic.rpartition("_")[2]
        step_ms = INTERVALS_S[interval] * 1000
        now_ms = self._venue.now_ms()
        start_ms = now_ms // step_ms * step_ms
        prints = [one for one in self._venue.prints[symbol] if self._venue.ms_of(one.ts_us) >= start_ms]
        prices = [one.price for one in prints] or [self._venue.last_price(symbol)]
        volume = sum((one.amount for one in prints), prices[0] * 0)
        kline = Kline(start_ms, start_ms + step_ms - 1, prices[0], max(prices), min(prices), prices[-1], volume)
        names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
        told = dict(zip(names, self._market.kline_row(symbol, kline), strict=True)) | {"s": market_id(symbol), "i": interval, "x": False}
        return {"e": "kline", "E": now_ms, "s": market_id(symbol), "k": told}

    def _touch(self, symbol: str) -> dict[str, object]:
        book = self._venue.book(symbol)
        bids, asks = (book.rows(side) for side in book.levels(1))
        told: dict[str, object] = {"u": book.update_id, "s": market_id(symbol)}
        for letter, rows in (("b", bids), ("a", asks)):
            price, amount = self._market.rows(symbol, rows)[0] if rows else ["0", "0"]
            told |= {letter: price, letter.upper(): amount}
        now_ms = self._venue.now_ms()
        return told | ({"e": "bookTicker", "E": now_ms, "T": self._venue.ms_of(book.ts_us)} if self._venue.is_perp else {})

    def _top(self, symbol: str, topic: str) -> dict[str, object]:
        """A partial book: the whole top every time, no ids to follow."""
        levels = int("".join(filter(str.isdigit, topic.partition("@depth")[2].partition("@")[0])))
        book = self._venue.book(symbol)
        bids, asks = (self._market.rows(symbol, book.rows(side)) for side in book.levels(levels))
        if not self._venue.is_perp:
            return {"lastUpdateId": book.update_id, "bids": bids, "asks": asks}
        now_ms = self._venue.now_ms()
        ids = {"U": book.update_id, "u": book.update_id, "pu": book.update_id - 1}
        return {"e": "depthUpdate", "E": now_ms, "T": now_ms, "s": market_id(symbol)} | ids | {"b": bids, "a": asks}

    def _listening(self) -> list[Stream]:
        return [stream for stream in self._venue.streams if stream.kind is StreamKind.MARKET]

    def _tell(self, wants: Callable[[str], bool], message: Callable[[str], dict[str, object]]) -> None:
        """Send `message(topic)` to everybody whose topic `wants` it."""
        for stream in self._listening():
            for topic in [topic for topic in stream.topics if wants(topic)]:
                told = message(topic)
                stream.tell({"stream": topic, "data": told} if stream.state["combined"] else told, self._venue)
