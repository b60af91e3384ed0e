"""Bybit's public data, over REST and over its sockets, with ccxt's client and with a bare one that sees the update ids."""

from __future__ import annotations

from random import Random
from typing import Any

import ccxt
import pytest

from core.domain.enums import OrderSide
from tests.emulator.bybit_desk import MARKETS, PERP, SPOT, bybit_desk, client_of, socket_of
from tests.emulator.ccxt_clients import eventually
from tests.emulator.faults import Call, WireFault
from tests.emulator.streams import StreamKind
from tests.emulator.wire import text

BUY, SELL = OrderSide.BUY, OrderSide.SELL
SPOT_SOCKET, LINEAR_SOCKET = "/v5/public/spot", "/v5/public/linear"

both = pytest.mark.parametrize("market", MARKETS)


def touch(book: Any) -> tuple[list[float], list[float]]:
    """Best bid and ask of a book of ccxt's, copied before it changes."""
    return list(book["bids"][0]), list(book["asks"][0])


@both
async def test_the_filters_are_the_instruments(market: str) -> None:
    async with bybit_desk() as desk:
        found = desk.client.market(market)
        assert (found["precision"]["price"], found["precision"]["amount"]) == (0.5, 0.01)
        assert (found["limits"]["amount"]["min"], found["limits"]["cost"]["min"]) == (0.02, 5)
        assert found["active"]


async def test_linear_instruments_come_a_page_at_a_time_and_all_arrive() -> None:
    async with bybit_desk() as desk, client_of(desk.emulator) as client:
        desk.bybit.page = 1
        await client.load_markets()
        assert {PERP, "ETH/USDT:USDT", SPOT, "ETH/USDT"} <= set(client.markets)
        asked = [request.body for request in desk.emulator.requests if "category=linear" in request.body]
        assert any("cursor=" in body for body in asked)


@both
async def test_a_book_over_rest_is_as_deep_as_asked(market: str) -> None:
    async with bybit_desk() as desk:
        book = await desk.client.fetch_order_book(market, 2)
        assert (book["bids"], book["asks"]) == ([[100, 1], [99.5, 2]], [[100.5, 1], [101, 2]])
        with pytest.raises(ccxt.BadRequest):
            await desk.client.fetch_order_book(market, 5_000)


@both
async def test_candles_are_whole_minutes_oldest_first_and_start_where_asked(market: str) -> None:
    async with bybit_desk() as desk:
        since_ms = 1_700_000_040_000
        candles = await desk.client.fetch_ohlcv(market, "1m", since=since_ms, limit=5)
        assert [row[0] for row in candles] == [since_ms + 60_000 * number for number in range(5)]
        assert [row[5] for row in candles] == [row[0] // 60_000 % 60 + 1 for row in candles]
        [hour] = await desk.client.fetch_ohlcv(market, "1h", since=1_699_999_200_000, limit=1)
        assert hour[5] == sum(range(1, 61))


@both
async def test_ccxt_follows_a_book_from_its_snapshot(market: str) -> None:
    async with bybit_desk() as desk:
        assert touch(await desk.client.watch_order_book(market, 50)) == ([100, 1], [100.5, 1])
        desk.feed.change(desk.venue(market).name, {"100": "7"}, {"100.5": "0"})
        assert touch(await desk.client.watch_order_book(market, 50)) == ([100, 7], [101, 2])


@both
async def test_what_we_take_is_gone_from_the_public_book(market: str) -> None:
    async with bybit_desk() as desk:
        await desk.client.watch_order_book(market, 200)
        await desk.send(market, "buy", "1.5", "101", timeInForce="IOC")
        assert touch(await desk.client.watch_order_book(market, 200)) == ([100, 1], [101, 1.5])


@pytest.mark.parametrize("depth", [50, 200, 1000])
async def test_deltas_count_their_updates_one_by_one(depth: int) -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        assert (await socket.ask("subscribe", f"orderbook.{depth}.BTCUSDT"))["success"]
        first = await socket.read()
        assert (first["type"], first["data"]["b"][0]) == ("snapshot", ["100.0", "1.00"])
        messages = [first]
        for size in ("3", "4"):
            desk.feed.change("bybit_spot", {"100": size, "99": "0"})
            messages.append(await socket.read())
        assert [message["type"] for message in messages[1:]] == ["delta", "delta"]
        assert messages[1]["data"]["b"] == [["100.0", "3.00"], ["99.0", "0.00"]]
        updates = [message["data"]["u"] for message in messages]
        assert updates == list(range(updates[0], updates[0] + 3))
        seqs = [message["data"]["seq"] for message in messages]
        assert seqs == sorted(set(seqs))


async def test_changes_close_together_are_told_together() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        await socket.ask("subscribe", "orderbook.50.BTCUSDT")
        await socket.read()
        for size in ("3", "4", "5"):
            desk.feed.change("bybit_spot", {"100": size})
        assert (await socket.read())["data"]["b"] == [["100.0", "5.00"]]


async def test_a_level_that_sinks_below_the_depth_is_told_as_gone() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, LINEAR_SOCKET) as socket:
        desk.feed.snapshot("bybit_perp", {str(price): "1" for price in range(40, 90)}, {"100.5": "1"})
        await socket.ask("subscribe", "orderbook.50.BTCUSDT")
        assert len((await socket.read())["data"]["b"]) == 50
        desk.feed.change("bybit_perp", {"90": "2"})
        assert (await socket.read())["data"]["b"] == [["90.0", "2.00"], ["40.0", "0.00"]]


async def test_depth_one_sends_snapshots_only() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, LINEAR_SOCKET) as socket:
        await socket.ask("subscribe", "orderbook.1.BTCUSDT")
        await socket.read()
        desk.feed.change("bybit_perp", {"100": "3"})
        message = await socket.read()
        assert (message["type"], message["data"]["b"], message["data"]["a"]) == ("snapshot", [["100.0", "3.00"]], [["100.5", "1.00"]])


async def test_a_second_subscriber_joins_where_the_first_one_is() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as early, socket_of(desk.emulator, SPOT_SOCKET) as late:
        await early.ask("subscribe", "orderbook.50.BTCUSDT")
        await early.read()
        desk.feed.change("bybit_spot", {"100": "3"})
        seen = (await early.read())["data"]["u"]
        await late.ask("subscribe", "orderbook.50.BTCUSDT")
        snapshot = (await late.read())["data"]
        assert (snapshot["u"], snapshot["b"][0]) == (seen, ["100.0", "3.00"])
        desk.feed.change("bybit_spot", {"100": "4"})
        assert [(await one.read())["data"]["u"] for one in (early, late)] == [seen + 1] * 2


async def test_a_book_that_is_not_there_yet_begins_with_a_snapshot_later() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        await socket.ask("subscribe", "orderbook.50.ETHUSDT")
        desk.feed.snapshot("bybit_spot", {"10": "1"}, {"11": "1"}, symbol="ETH/USDT")
        message = await socket.read()
        assert (message["type"], message["data"]["s"]) == ("snapshot", "ETHUSDT")


async def test_a_lost_update_shows_in_the_update_id() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        await socket.ask("subscribe", "orderbook.50.BTCUSDT")
        first = (await socket.read())["data"]["u"]
        desk.venue(SPOT).faults.lose_book_updates()
        desk.feed.change("bybit_spot", {"100": "3"})
        await eventually(lambda: desk.bybit.markets["spot"].updates["orderbook.50.BTCUSDT"] == first + 1)
        desk.feed.change("bybit_spot", {"99.5": "9"})
        message = await socket.read()
        assert message["data"]["u"] == first + 2
        assert message["data"]["b"] == [["99.5", "9.00"]]


@pytest.mark.parametrize("depth", [50, 1000])
async def test_who_applies_every_delta_has_the_venues_best_levels(depth: int) -> None:
    random = Random(depth)
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        truth = desk.venue(SPOT).book("BTC/USDT")
        shown: dict[str, dict[str, str]] = {"b": {}, "a": {}}

        async def follow() -> None:
            """Until we show what the venue does."""
            while list(shown.values()) != [{text(price): text(size) for price, size in truth.rows(side)} for side in truth.levels(depth)]:
                data = (await socket.read())["data"]
                for name, side in shown.items():
                    shown[name] = {price: size for price, size in (side | dict(data[name])).items() if float(size)}

        await socket.ask("subscribe", f"orderbook.{depth}.BTCUSDT")
        for _ in range(30):
            for _ in range(3):
                bids = {str(random.randint(20, 100)): str(random.randint(0, 3)) for _ in range(10)}
                desk.feed.change("bybit_spot", bids, {str(random.randint(101, 180)): str(random.randint(0, 3)) for _ in range(10)})
            await follow()


async def test_after_a_restart_of_the_service_a_snapshot_is_update_one() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        await socket.ask("subscribe", "orderbook.50.BTCUSDT")
        await socket.read()
        desk.bybit.markets["spot"].restart_books()
        for size, kind in (("3", "snapshot"), ("4", "delta")):
            desk.feed.change("bybit_spot", {"100": size})
            message = await socket.read()
            assert (message["type"], message["data"]["u"]) == (kind, 1 if kind == "snapshot" else 2)


@both
async def test_prints_have_the_takers_side(market: str) -> None:
    async with bybit_desk() as desk:
        venue = desk.venue(market).name
        trades: list[Any] = []

        async def watch() -> None:
            trades[:] = [(trade["side"], trade["price"], trade["amount"]) for trade in await desk.client.watch_trades(market)]

        desk.emulator.spawn(watch())
        await eventually(lambda: any("publicTrade.BTCUSDT" in stream.topics for stream in desk.venue(market).streams))
        desk.feed.trade(venue, SELL, "100", "0.3")
        await eventually(lambda: trades)
        assert trades == [("sell", 100, 0.3)]


async def test_our_own_taking_is_printed_under_the_same_id_as_our_trade() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, LINEAR_SOCKET) as socket:
        await socket.ask("subscribe", "publicTrade.BTCUSDT")
        await desk.send(PERP, "buy", "0.5", "101", timeInForce="IOC")
        [printed] = (await socket.read())["data"]
        [trade] = await desk.client.fetch_my_trades(PERP)
        assert (printed["i"], printed["S"], printed["v"]) == (trade["id"], "Buy", "0.50")


async def test_the_running_candle_is_pushed_and_confirmed_only_with_the_next() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        await socket.ask("subscribe", "kline.60.BTCUSDT")
        desk.feed.trade("bybit_spot", BUY, "101", "0.3")
        desk.feed.trade("bybit_spot", SELL, "99", "0.2")
        await socket.read()
        [candle] = (await socket.read())["data"]
        assert [candle[name] for name in ("open", "high", "low", "close", "volume")] == ["101.0", "101.0", "99.0", "99.0", "0.50"]
        assert not candle["confirm"]
        assert candle["end"] - candle["start"] == 3_599_999


async def test_the_public_pong_is_a_ping_with_a_message() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        answer = await socket.ask("ping")
        assert (answer["op"], answer["ret_msg"], answer["success"], answer["req_id"]) == ("ping", "pong", True, "r1")


async def test_one_unknown_topic_refuses_all_that_were_asked_for_with_it() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        answer = await socket.ask("subscribe", "publicTrade.BTCUSDT", "orderbook.33.BTCUSDT")
        assert (answer["success"], answer["ret_msg"]) == (False, "error:handler not found,topic:orderbook.33.BTCUSDT")
        assert (await socket.ask("subscribe", "publicTrade.BTCUSDT"))["success"]
        assert "already subscribed" in (await socket.ask("subscribe", "publicTrade.BTCUSDT"))["ret_msg"]


async def test_what_was_unsubscribed_is_told_no_more() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        await socket.ask("subscribe", "publicTrade.BTCUSDT")
        assert (await socket.ask("unsubscribe", "publicTrade.BTCUSDT"))["success"]
        desk.feed.trade("bybit_spot", BUY, "101", "0.3")
        assert (await socket.ask("ping"))["ret_msg"] == "pong"


async def test_a_kicked_stream_raises_and_the_next_watch_starts_over() -> None:
    async with bybit_desk() as desk:
        await desk.client.watch_order_book(SPOT, 50)
        watching = desk.client.watch_order_book(SPOT, 50)
        await desk.venue(SPOT).kick(StreamKind.MARKET)
        with pytest.raises(ccxt.NetworkError):
            await watching
        desk.feed.change("bybit_spot", {"100": "8"})
        assert touch(await desk.client.watch_order_book(SPOT, 50))[0] == [100, 8]


async def test_a_frozen_stream_answers_nothing_until_it_thaws() -> None:
    async with bybit_desk() as desk, socket_of(desk.emulator, SPOT_SOCKET) as socket:
        await socket.ask("subscribe", "orderbook.50.BTCUSDT")
        first = (await socket.read())["data"]["u"]
        desk.venue(SPOT).faults.market_frozen = True
        desk.feed.change("bybit_spot", {"100": "3"})
        await eventually(lambda: desk.bybit.markets["spot"].updates["orderbook.50.BTCUSDT"] == first + 1)
        desk.venue(SPOT).faults.market_frozen = False
        desk.feed.change("bybit_spot", {"100": "4"})
        assert (await socket.read())["data"]["u"] == first + 2


async def test_a_refused_connection_is_surely_no_order() -> None:
    async with bybit_desk() as desk:
        await desk.venue(SPOT).refuse_connections()
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await desk.send(SPOT, "buy", "1", "100")
        desk.venue(SPOT).faults.clear()
        await desk.send(SPOT, "buy", "1", "100")
        assert len(desk.venue(SPOT).orders) == 1


async def test_a_page_where_candles_should_be_is_no_candle() -> None:
    async with bybit_desk() as desk:
        desk.venue(SPOT).faults.next(Call.MARKET, WireFault.HTTP_503)
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await desk.client.fetch_ohlcv(SPOT)
