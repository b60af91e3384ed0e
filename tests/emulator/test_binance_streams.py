"""Books that follow the update ids, and streams that die in every way they can."""

from __future__ import annotations

from typing import Any

import ccxt
import orjson
import pytest

from core.domain.enums import OrderSide
from core.exchanges.ccxt.access import make_session
from tests.emulator import Emulator, HandFeed, StreamKind
from tests.emulator.ccxt_clients import PERP_SYMBOL, OneMarket, eventually, listening
from tests.emulator.markets import SYMBOL


def rows(side: Any) -> list[tuple[float, float]]:
    return [(row[0], row[1]) for row in side]


async def test_a_watched_book_is_the_venues_book_after_every_change(binance: OneMarket, feed: HandFeed) -> None:
    client, symbol = binance.client, binance.symbol
    await client.watch_order_book(symbol)
    for n in range(1, 30):
        feed.change(binance.venue.name, bids={"98.5": str(n), "97": "1" if n % 2 else "0"}, asks={"102": str(n)})
        book = await client.watch_order_book(symbol)
    await eventually(lambda: client.orderbooks[symbol]["nonce"] == binance.venue.book(SYMBOL).update_id)
    book = client.orderbooks[symbol]
    assert rows(book["bids"]) == [(100, 1), (99.5, 2), (99, 3), (98.5, 29), (97, 1)]
    assert rows(book["asks"]) == [(100.5, 1), (101, 2), (101.5, 3), (102, 29)]


async def test_a_feed_that_starts_over_is_a_difference_on_the_wire(binance: OneMarket, feed: HandFeed) -> None:
    client, symbol = binance.client, binance.symbol
    await client.watch_order_book(symbol)
    feed.snapshot(binance.venue.name, {"90": "7"}, {"91": "8"})
    await client.watch_order_book(symbol)
    book = client.orderbooks[symbol]
    assert (rows(book["bids"]), rows(book["asks"])) == ([(90, 7)], [(91, 8)])


async def test_a_lost_update_shows_in_the_numbers_and_a_new_snapshot_heals_it(binance: OneMarket, feed: HandFeed) -> None:
    client, symbol = binance.client, binance.symbol
    faults = binance.venue.faults
    await client.watch_order_book(symbol)
    told = binance.venue.book(SYMBOL)
    faults.lose_book_updates()
    feed.change(binance.venue.name, bids={"98": "5"})
    await eventually(lambda: not faults._losses["book update"])
    feed.change(binance.venue.name, bids={"97": "6"})
    with pytest.raises(ccxt.ChecksumError):
        await client.watch_order_book(symbol)
    await client.watch_order_book(symbol)
    assert client.orderbooks[symbol]["nonce"] == told.update_id
    assert {(98, 5), (97, 6)} < set(rows(client.orderbooks[symbol]["bids"]))


async def test_prints_are_told_with_the_takers_side_ours_included(binance: OneMarket, feed: HandFeed) -> None:
    client, symbol = binance.client, binance.symbol
    seen: list[Any] = []
    with listening(lambda: client.watch_trades(symbol), seen):
        await eventually(lambda: any(stream.topics for stream in binance.venue.streams))
        feed.trade(binance.venue.name, OrderSide.SELL, "100", "0.5")
        order = await client.create_order(symbol, "limit", "buy", 1, 100.5, {"timeInForce": "IOC"})
        await eventually(lambda: len(seen) == 2)
    [ours] = await client.fetch_my_trades(symbol, params={"orderId": order["id"]})
    assert [(trade["side"], trade["price"], trade["amount"]) for trade in seen] == [("sell", 100, 0.5), ("buy", 100.5, 1)]
    assert seen[1]["id"] == ours["id"]


@pytest.mark.parametrize("hard", [True, False])
async def test_a_kicked_stream_is_an_error_and_watching_again_brings_it_back(binance: OneMarket, feed: HandFeed, hard: bool) -> None:
    client, symbol = binance.client, binance.symbol
    await client.watch_order_book(symbol)
    heard: list[Any] = []

    async def watch() -> list[dict[str, Any]]:
        book = await client.watch_order_book(symbol)
        return [{"bids": rows(book["bids"])}]

    with listening(watch, heard):
        await binance.venue.kick(StreamKind.MARKET, hard=hard)
        await eventually(lambda: any(isinstance(one, ccxt.NetworkError) for one in heard))
        await eventually(lambda: binance.venue.streams and isinstance(heard[-1], dict))
        feed.change(binance.venue.name, bids={"98": "5"})
        await eventually(lambda: isinstance(heard[-1], dict) and (98, 5) in heard[-1]["bids"])


async def test_events_of_an_outage_are_never_told(binance: OneMarket, feed: HandFeed) -> None:
    client, symbol = binance.client, binance.symbol
    orders: list[Any] = []
    with listening(client.watch_orders, orders):
        await binance.has_private_stream()
        await binance.venue.kick(StreamKind.ACCOUNT)
        missed = await client.create_order(symbol, "limit", "buy", 1, 99)
        await binance.has_private_stream()
        told = await client.create_order(symbol, "limit", "buy", 1, 98.5)
        await eventually(lambda: any(isinstance(one, dict) and one["id"] == told["id"] for one in orders))
    assert missed["id"] not in {one["id"] for one in orders if isinstance(one, dict)}


async def test_a_dropped_account_event_is_missing_and_the_next_one_comes(binance: OneMarket) -> None:
    client, symbol = binance.client, binance.symbol
    orders: list[Any] = []
    with listening(client.watch_orders, orders):
        await binance.has_private_stream()
        binance.venue.faults.lose_account_events(2 if not binance.venue.is_perp else 1)  # spot tells the balance too
        lost = await client.create_order(symbol, "limit", "buy", 1, 99)
        told = await client.create_order(symbol, "limit", "buy", 1, 98.5)
        await eventually(lambda: orders)
    assert {one["id"] for one in orders} == {told["id"]}
    assert lost["id"] != told["id"]


async def test_a_bad_frame_is_not_json_and_the_next_one_is(emulator: Emulator, feed: HandFeed) -> None:
    """Without ccxt, whose receive loop dies of it with an error in the log."""
    async with make_session(emulator.address) as session, session.ws_connect("wss://stream.binance.com:9443/ws/btcusdt@depth") as socket:
        emulator.venues["binance_spot"].faults.send_bad_frames()
        feed.change("binance_spot", bids={"98": "5"})
        with pytest.raises(orjson.JSONDecodeError):
            await socket.receive_json(loads=orjson.loads, timeout=5)
        assert ["98.00000000", "5.00000000"] in (await socket.receive_json(timeout=5))["b"]


async def test_a_frozen_socket_answers_no_ping_and_is_given_up_by_the_client(emulator: Emulator, feed: HandFeed, spot: Any) -> None:
    spot.streaming = {**spot.streaming, "keepAlive": 50}
    await spot.watch_order_book(SYMBOL)
    emulator.venues["binance_spot"].freeze(StreamKind.MARKET)
    feed.change("binance_spot", bids={"98": "5"})
    with pytest.raises(ccxt.RequestTimeout, match="ping-pong"):
        await spot.watch_order_book(SYMBOL)
    book = await spot.watch_order_book(SYMBOL)  # a new connection works
    assert (98, 5) in rows(book["bids"])


async def test_while_all_streams_are_frozen_pings_of_new_ones_stay_unanswered_too(emulator: Emulator, perp: Any) -> None:
    venue = emulator.venues["binance_perp"]
    await perp.watch_order_book(PERP_SYMBOL)
    venue.faults.frozen = True
    assert venue.faults.market_frozen
    assert venue.faults.account_frozen
    venue.faults.clear()
    assert not venue.faults.frozen


async def test_a_listen_key_that_ends_takes_its_stream_with_it(emulator: Emulator, perp: Any) -> None:
    orders: list[Any] = []
    venue = emulator.venues["binance_perp"]
    with listening(perp.watch_orders, orders):
        await eventually(lambda: any(stream.topics for stream in venue.streams))
        await perp.fapiPrivateDeleteListenKey()
        await perp.create_order(PERP_SYMBOL, "limit", "buy", 1, 99)
        assert not any(stream.topics for stream in venue.streams)
    with pytest.raises(ccxt.ExchangeError, match="-1125"):
        await perp.fapiPrivatePutListenKey()
    assert not orders


async def test_events_may_come_before_and_after_the_answer(emulator: Emulator, spot: Any) -> None:
    """The engine must not rely on either order: with enough orders both happen."""
    orders: list[Any] = []
    before = set()
    emulator.venues["binance_spot"].latency_ms = 20.0
    with listening(spot.watch_orders, orders):
        await eventually(lambda: any(stream.topics for stream in emulator.venues["binance_spot"].streams))
        for n in range(12):
            placed = await spot.create_order(SYMBOL, "limit", "buy", 1, 99, {"clientOrderId": f"c{n}"})
            before.add(any(one["id"] == placed["id"] for one in orders))
    assert before == {True, False}
