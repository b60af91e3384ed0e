"""The public sockets, one per category: books, prints and candles. See `bybit_depth.py` for what is hard about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from aiohttp import web

from tests.emulator.book import BookChange, PublicPrint
from tests.emulator.bybit_depth import DEPTHS, DepthTopic
from tests.emulator.bybit_errors import SPOT
from tests.emulator.bybit_exchange import Market
from tests.emulator.bybit_klines import KlineTopic
from tests.emulator.bybit_public import INTERVALS
from tests.emulator.bybit_streams import MOST_SPOT_ARGS, Conversation
from tests.emulator.bybit_words import side_word, trade_id
from tests.emulator.streams import Stream, StreamKind
from tests.emulator.wire import text
from tests.emulator.world import market_id

if TYPE_CHECKING:
    from tests.emulator.server import Emulator


@final
class PublicStreams:
    """Every public connection of one category."""

    def __init__(self, emulator: Emulator, market: Market) -> None:
        self._emulator = emulator
        self._market = market
        symbols = market.venue.instruments
        self._depths = {symbol: [DepthTopic(emulator, market, symbol, depth) for depth in DEPTHS] for symbol in symbols}
        self._klines = {symbol: [KlineTopic(market, symbol, interval) for interval in INTERVALS] for symbol in symbols}
        self._books = {topic.topic: topic for topics in self._depths.values() for topic in topics}
        self._known = {
            *self._books,
            *(topic.topic for topics in self._klines.values() for topic in topics),
            *(f"publicTrade.{market_id(symbol)}" for symbol in symbols),
        }
        market.venue.on_book(self._book_changed)
        market.venue.on_print(self._printed)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until it ends."""
        stream = Stream(request, StreamKind.MARKET, (self._market.venue,), self._emulator.clock)

        def joined(topic: str) -> None:
            if topic in self._books:
                self._books[topic].join(stream)

        most = MOST_SPOT_ARGS if self._market.category == SPOT else None
        return await stream.serve(Conversation(stream, self._known.__contains__, joined, most_args=most).hear)

    def _book_changed(self, change: BookChange) -> None:
        for topic in self._depths[change.symbol]:
            topic.changed(change)

    def _printed(self, trade: PublicPrint) -> None:
        venue, topic = self._market.venue, f"publicTrade.{market_id(trade.symbol)}"
        row = {
            "T": venue.ms_of(trade.ts_us),
            "s": market_id(trade.symbol),
            "S": side_word(trade.side),
            "v": text(trade.amount),
            "p": text(trade.price),
            "L": "PlusTick",
            "i": trade_id(self._market.category, trade.number),
            "BT": False,
            "seq": trade.number,
        }
        message = {"topic": topic, "type": "snapshot", "ts": venue.now_ms(), "data": [row]}
        for stream in [stream for stream in venue.streams if topic in stream.topics]:
            stream.tell(message, venue)
        for kline in self._klines[trade.symbol]:
            kline.take(trade)
