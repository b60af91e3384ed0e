"""Bybit's private socket through ccxt's watchers: what it tells, in which order, and what it swallows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt
import pytest

from core.domain.enums import OrderSide
from tests.emulator.bybit_desk import MARKETS, PERP, SPOT, BybitDesk, bybit_desk, client_of, socket_of
from tests.emulator.ccxt_clients import eventually
from tests.emulator.streams import StreamKind
from tests.emulator.wire import KEY, signature_of

both = pytest.mark.parametrize("market", MARKETS)


class Listener:
    """A logged-in bare connection that keeps all it hears."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def rows(self, topic: str) -> list[Any]:
        return [row for message in self.messages if message.get("topic") == topic for row in message["data"]]

    def topics(self) -> list[str]:
        return [message["topic"] for message in self.messages if "topic" in message]


@asynccontextmanager
async def listening(desk: BybitDesk, *topics: str) -> AsyncIterator[Listener]:
    """Subscribed to `topics`, reading in the background."""
    listener = Listener()
    async with socket_of(desk.emulator, "/v5/private") as socket:
        expires = desk.bybit.front.now_ms() + 10_000
        assert (await socket.ask("auth", KEY, str(expires), signature_of(f"GET/realtime{expires}")))["success"]
        assert (await socket.ask("subscribe", *topics))["success"]

        async def read() -> None:
            while True:
                listener.messages.append(await socket.read())

        reading = asyncio.ensure_future(read())
        try:
            yield listener
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@both
async def test_ccxt_hears_of_a_resting_order_and_of_its_end(market: str) -> None:
    async with bybit_desk() as desk:
        heard: list[tuple[str, str]] = []

        async def watch() -> None:
            while True:
                heard.extend((order["clientOrderId"], order["status"]) for order in await desk.client.watch_orders())

        watching = asyncio.ensure_future(watch())
        await eventually(lambda: "order" in topics_of(desk))
        placed = await desk.send(market, "buy", "1", "100")
        await eventually(lambda: ("c1", "open") in heard)
        await desk.client.cancel_order(placed["id"], market)
        await eventually(lambda: ("c1", "canceled") in heard)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def topics_of(desk: BybitDesk) -> set[str]:
    return {topic for stream in desk.emulator.streams() if stream.kind is StreamKind.ACCOUNT for topic in stream.topics}


@both
async def test_ccxt_hears_every_trade_of_an_order(market: str) -> None:
    async with bybit_desk() as desk:
        watching = asyncio.ensure_future(desk.client.watch_my_trades())
        await eventually(lambda: "execution" in topics_of(desk))
        await desk.send(market, "buy", "1.5", "101", timeInForce="IOC")
        trades = await watching
        assert [(trade["symbol"], trade["price"], trade["amount"]) for trade in trades] == [(market, 100.5, 1.0), (market, 101.0, 0.5)]
        assert [trade["info"]["orderLinkId"] for trade in trades] == ["c1", "c1"]
        assert [trade["id"] for trade in trades] == [trade["id"] for trade in await desk.client.fetch_my_trades(market)]


@both
async def test_an_order_that_fills_at_once_is_never_shown_as_new(market: str) -> None:
    async with bybit_desk() as desk, listening(desk, "order", "execution") as listener:
        await desk.send(market, "buy", "1.5", "101", timeInForce="IOC")
        await eventually(lambda: len(listener.topics()) == 2)
        assert [row["orderStatus"] for row in listener.rows("order")] == ["Filled"]
        assert [row["execQty"] for row in listener.rows("execution")] == ["1.00", "0.50"]


@both
async def test_a_crossing_post_only_order_is_told_as_cancelled(market: str) -> None:
    async with bybit_desk() as desk, listening(desk, "order") as listener:
        await desk.send(market, "buy", "1", "101", postOnly=True)
        await eventually(lambda: listener.rows("order"))
        [row] = listener.rows("order")
        assert (row["orderStatus"], row["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")


async def test_the_trade_may_be_told_before_the_order_and_after_it() -> None:
    firsts = set()
    async with bybit_desk() as desk, listening(desk, "order", "execution") as listener:
        for number in range(12):
            del listener.messages[:]
            await desk.send(SPOT, "buy", "0.05", "101", f"c{number}", timeInForce="IOC")
            await eventually(lambda: len(listener.topics()) == 2)
            firsts.add(listener.topics()[0])
    assert firsts == {"order", "execution"}


async def test_the_answer_to_a_create_may_come_before_its_events_and_after_them() -> None:
    firsts = set()
    async with bybit_desk(latency_ms=20.0) as desk, listening(desk, "order") as listener:
        for number in range(40):
            del listener.messages[:]
            await desk.send(SPOT, "buy", "0.1", "90", f"c{number}")
            firsts.add("stream" if listener.messages else "answer")
            await eventually(lambda: listener.messages)
            if len(firsts) == 2:
                break
    assert firsts == {"answer", "stream"}


async def test_a_fill_of_a_resting_order_moves_position_and_wallet() -> None:
    async with bybit_desk() as desk, listening(desk, "position", "wallet", "order", "execution") as listener:
        await desk.send(PERP, "sell", "0.5", "100.5")
        desk.feed.trade("bybit_perp", OrderSide.BUY, "101", "3")
        await eventually(lambda: listener.rows("position"))
        [position] = listener.rows("position")
        assert (position["side"], position["size"], position["entryPrice"]) == ("Sell", "0.50", "100.5")
        await eventually(lambda: [row["orderStatus"] for row in listener.rows("order")][-1:] == ["Filled"])
        [execution] = listener.rows("execution")
        assert execution["isMaker"]
        assert listener.rows("wallet")[-1]["accountType"] == "UNIFIED"


async def test_ccxt_hears_the_wallet() -> None:
    async with bybit_desk() as desk:
        watching = asyncio.ensure_future(desk.client.watch_balance())
        await eventually(lambda: "wallet" in topics_of(desk))
        await desk.send(SPOT, "buy", "1", "101", timeInForce="IOC")
        balance = await watching
        assert balance["USDT"]["total"] == (await desk.client.fetch_balance())["USDT"]["total"]


async def test_a_topic_of_one_category_says_nothing_of_the_other() -> None:
    async with bybit_desk() as desk, listening(desk, "order.linear") as listener:
        await desk.send(SPOT, "buy", "1", "90", "spot")
        await desk.send(PERP, "buy", "1", "90", "perp")
        await eventually(lambda: listener.messages)
        assert [row["orderLinkId"] for row in listener.rows("order.linear")] == ["perp"]


async def test_a_wrong_secret_is_not_let_in() -> None:
    async with bybit_desk() as desk, client_of(desk.emulator, secret="guessed") as stranger:
        stranger.set_markets(desk.client.markets)
        stranger.options |= {"enableUnifiedMargin": False, "enableUnifiedAccount": True}
        with pytest.raises(ccxt.AuthenticationError):
            await stranger.watch_orders()


async def test_nothing_is_granted_before_the_login() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, "/v5/private") as socket:
        answer = await socket.ask("subscribe", "order")
        assert (answer["success"], answer["ret_msg"]) == (False, "Request not authorized")
        expired = desk.bybit.front.now_ms() - 1
        assert not (await socket.ask("auth", KEY, str(expired), signature_of(f"GET/realtime{expired}")))["success"]


async def test_the_private_pong_calls_itself_one() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, "/v5/private") as socket:
        answer = await socket.ask("ping")
        assert (answer["op"], answer["req_id"]) == ("pong", "r1")
        assert answer["args"][0].isdecimal()


async def test_a_lost_event_is_not_told_again_and_the_truth_has_it() -> None:
    async with bybit_desk() as desk, listening(desk, "execution") as listener:
        desk.venue(SPOT).faults.lose_account_events()
        for client_id in ("lost", "told"):
            await desk.send(SPOT, "buy", "0.5", "101", client_id, timeInForce="IOC")
        await eventually(lambda: listener.rows("execution"))
        assert [row["orderLinkId"] for row in listener.rows("execution")] == ["told"]
        assert len(await desk.client.fetch_my_trades(SPOT, params={"orderLinkId": "lost"})) == 1


async def test_what_happens_while_the_stream_is_away_is_never_told() -> None:
    async with bybit_desk() as desk:
        watching = asyncio.ensure_future(desk.client.watch_orders())
        await eventually(lambda: "order" in topics_of(desk))
        await desk.emulator.venues["bybit_spot"].kick(StreamKind.ACCOUNT)
        with pytest.raises(ccxt.NetworkError):
            await watching
        await desk.send(SPOT, "buy", "1", "90", "missed")
        watching = asyncio.ensure_future(desk.client.watch_orders())
        await eventually(lambda: "order" in topics_of(desk))
        await desk.send(SPOT, "buy", "1", "90", "heard")
        assert [order["clientOrderId"] for order in await watching] == ["heard"]


async def test_a_bad_frame_kills_nothing_on_the_venues_side() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, "/v5/public/spot") as socket:
        await socket.ask("subscribe", "publicTrade.BTCUSDT")
        desk.venue(SPOT).faults.send_bad_frames()
        desk.feed.trade("bybit_spot", OrderSide.BUY, "101", "0.3")
        with pytest.raises(ValueError, match="unexpected end of data"):
            await socket.read()
        assert (await socket.read())["topic"] == "publicTrade.BTCUSDT"
