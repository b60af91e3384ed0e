"""Exchanges that are late, away or enormous: what a desk opens, what it leaves alone, and what it says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.desk.connections import STRAGGLERS_S
from core.desk.watchdog import BookWatchdog
from core.domain.clock import MICROSECONDS, SimulatedClock
from core.domain.errors import BadRequest, NotPossible, UnknownSymbol, VenueRefused, VenueUnavailable
from core.domain.market import BookState
from core.domain.orders import ParentStatus
from core.exchanges.paper.connector import PaperConnector
from core.exchanges.paper.faults import Call, Fault, StreamFault
from tests.core.desk.exchanges import MANY, OTHER, SYMBOL, Exchanges, driven, exchange_desk, said


def okx_is_away(feed: Exchanges) -> None:
    feed.away["okx_spot"] = VenueUnavailable("okx could not be reached.")


async def test_what_is_watched_at_first_is_the_symbol_on_the_screen_and_nothing_is_made_of_thousands() -> None:
    async with exchange_desk() as (desk, feed, _):
        assert desk.watched_symbols() == desk.orderbooks.symbols() == [SYMBOL]
        assert set(feed.watched) == {("binance_spot", SYMBOL), ("okx_spot", SYMBOL)}
        assert desk.symbols() == sorted(MANY)
        assert {one.state for one in desk.venue_health(SYMBOL)} == {BookState.LIVE}
        truth = desk.connectors["binance_spot"].truth  # type: ignore[attr-defined]  # it is a paper venue
        assert list(truth._markets) == [SYMBOL]


async def test_watching_twice_and_at_once_subscribes_once() -> None:
    async with exchange_desk() as (desk, feed, _):
        await asyncio.gather(*(desk.watch(OTHER) for _ in range(5)))
        await desk.watch(OTHER)
        assert feed.watched["binance_spot", OTHER] == feed.watched["okx_spot", OTHER] == 1
        assert desk.market(OTHER).mid is not None


async def test_one_who_stops_waiting_does_not_stop_the_subscription() -> None:
    async with exchange_desk() as (desk, feed, clock):
        impatient = asyncio.create_task(desk.watch(OTHER))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        await driven(clock, desk.watch(OTHER))
        assert desk.market(OTHER).mid is not None
        assert feed.watched["binance_spot", OTHER] == 1


async def test_a_symbol_that_nobody_trades_is_refused_in_a_sentence_that_can_be_read() -> None:
    async with exchange_desk() as (desk, _, _clock):
        with pytest.raises(
            UnknownSymbol, match=r"'DOGE/EUR' is not traded on these venues; known symbols: BTC/USDT.* and 2,990 more\."
        ) as caught:
            await desk.watch("DOGE/EUR")
        assert len(str(caught.value)) < 400
        with pytest.raises(UnknownSymbol, match="2,990 more"):
            await desk.engine.execute_order("DOGE/EUR", "buy", "1", "market")


async def test_a_desk_opens_on_a_symbol_that_nobody_trades_and_says_so() -> None:
    async with exchange_desk(symbol="DOGE/EUR") as (desk, _, _clock):
        assert any("'DOGE/EUR' is not traded" in sentence for sentence in said(desk))
        await desk.watch(SYMBOL)
        assert desk.market(SYMBOL).mid is not None


async def test_an_order_of_a_symbol_that_nobody_looks_at_gets_its_books_first_and_fills() -> None:
    async with exchange_desk() as (desk, _, clock):
        order = await driven(clock, desk.engine.execute_order("COIN7/USDT", "buy", "0.5", "market"))
        await driven(clock, order.done())
        assert order.status is ParentStatus.FILLED
        assert desk.watched_symbols() == [SYMBOL, "COIN7/USDT"]


async def test_an_order_does_not_wait_for_ever_for_a_book_that_does_not_come() -> None:
    def silent_books(feed: Exchanges) -> None:
        feed.unwatchable.add("okx_spot")

    async with exchange_desk(prepare=silent_books) as (desk, _, clock):
        before_us = clock.now_us()
        order = await driven(clock, desk.engine.execute_order("COIN7/USDT", "buy", "0.5", "market"))
        assert clock.now_us() - before_us == 5_000_000
        await driven(clock, order.done())
        assert [child.exchange for child in order.children] == ["binance_spot"]
        assert "okx_spot: the book of COIN7/USDT can't be had now: okx_spot takes no more subscriptions." in said(desk)


async def test_a_stop_that_its_first_books_show_to_be_reached_is_refused() -> None:
    async with exchange_desk() as (desk, _, clock):
        with pytest.raises(BadRequest, match="would fire at once"):
            await driven(clock, desk.engine.execute_order(OTHER, "buy", "0.5", "stop", trigger_price="90"))


async def test_a_venue_that_is_away_costs_nothing_but_itself_and_joins_in_when_it_comes() -> None:
    async with exchange_desk(prepare=okx_is_away) as (desk, feed, clock):
        assert said(desk)[0] == (
            "okx_spot is not connected: okx could not be reached. It is tried again by itself; the other venues go on without it."
        )
        binance, okx = desk.venue_health(SYMBOL)
        assert (binance.connected, binance.state) == (True, BookState.LIVE)
        assert (okx.connected, okx.state, okx.note) == (
            False,
            BookState.EMPTY,
            "not connected: okx could not be reached; tried again every 5 s",
        )
        order = await driven(clock, desk.engine.execute_order(SYMBOL, "buy", "0.5", "market"))
        await driven(clock, order.done())
        assert order.status is ParentStatus.FILLED
        await desk.watch(OTHER)
        feed.away.clear()
        await clock.advance(5)
        assert said(desk)[-1] == "okx_spot is connected."
        assert [one.state for one in desk.venue_health(OTHER)] == [BookState.LIVE, BookState.LIVE]
        assert desk.engine.risk.funds.available("okx_spot", "USDT") is not None


async def test_a_venue_that_stays_away_is_asked_less_and_less_often_and_told_of_once() -> None:
    async with exchange_desk(prepare=okx_is_away) as (desk, feed, clock):
        await clock.advance(5 + 10 + 20 + 40)
        assert feed.prepared["okx_spot"] == 5
        await clock.advance(600)
        assert feed.prepared["okx_spot"] == 15
        assert len([sentence for sentence in said(desk) if "okx_spot" in sentence]) == 1


async def test_a_refusal_is_not_asked_for_again_at_once() -> None:
    def refused(feed: Exchanges) -> None:
        feed.away["okx_spot"] = VenueRefused("okx does not accept this key.")

    async with exchange_desk(prepare=refused) as (desk, feed, clock):
        await clock.advance(299)
        assert feed.prepared["okx_spot"] == 1
        assert desk.venue_health(SYMBOL)[1].note == "not connected: okx does not accept this key; tried again every 300 s"


async def test_a_venue_that_does_not_exist_is_not_tried_again() -> None:
    def unknown(feed: Exchanges) -> None:
        feed.away["okx_spot"] = BadRequest("ccxt knows no such exchange.")

    async with exchange_desk(prepare=unknown) as (desk, feed, clock):
        await clock.advance(3_600)
        assert feed.prepared["okx_spot"] == 1
        assert desk.venue_health(SYMBOL)[1].note.endswith("not tried again")


async def test_a_venue_that_never_answers_does_not_keep_the_desk_from_opening() -> None:
    def silent(feed: Exchanges) -> None:
        feed.silent.add("okx_spot")

    async with exchange_desk(prepare=silent) as (desk, _, _clock):
        assert "okx_spot: no answer yet; trading goes on without." in said(desk)
        assert desk.venue_health(SYMBOL)[1].note == "connecting…"
        assert desk.market(SYMBOL).mid is not None


async def test_the_first_venue_to_connect_does_not_wait_long_for_the_others() -> None:
    def silent(feed: Exchanges) -> None:
        feed.silent.add("okx_spot")

    async with exchange_desk(prepare=silent) as (_, _, clock):
        waited_s = (clock.now_us() - SimulatedClock().now_us()) / MICROSECONDS
        assert STRAGGLERS_S <= waited_s < STRAGGLERS_S + 0.5


async def test_a_fault_of_ours_in_one_venue_is_no_reason_to_lose_the_others() -> None:
    def broken(feed: Exchanges) -> None:
        feed.away["okx_spot"] = ZeroDivisionError()  # type: ignore[assignment]  # nobody foresaw it

    async with exchange_desk(prepare=broken) as (desk, _, _clock):
        assert desk.venue_health(SYMBOL)[1].note.startswith("not connected: a fault in Fathom, see the log")
        assert desk.market(SYMBOL).mid is not None


async def test_without_any_venue_the_desk_is_open_and_orders_are_refused_in_words() -> None:
    def all_away(feed: Exchanges) -> None:
        feed.away |= dict.fromkeys(feed.instruments(), VenueUnavailable("no network."))

    async with exchange_desk(prepare=all_away) as (desk, feed, clock):
        assert desk.symbols() == []
        assert [one.connected for one in desk.venue_health(SYMBOL)] == [False, False]
        await desk.watch(OTHER)  # it is remembered
        with pytest.raises(NotPossible, match="binance_spot, okx_spot are not connected now; nothing was sent"):
            await desk.engine.execute_order(SYMBOL, "buy", "0.5", "market")
        feed.away.clear()
        await clock.advance(5)
        assert desk.market(SYMBOL).mid is not None
        assert desk.market(OTHER).mid is not None


async def test_closing_a_desk_closes_what_its_venues_shared(tmp_path: Path) -> None:
    async with exchange_desk(profile=tmp_path) as (_, feed, _clock):
        assert not feed.closed
    assert feed.closed


async def test_a_book_that_hangs_on_its_way_back_does_not_keep_the_others_from_theirs() -> None:
    async with exchange_desk() as (desk, feed, clock):
        feed.silent.add("binance_spot")  # it takes the wish for a new subscription and never answers
        dog = BookWatchdog(desk.orderbooks, desk.connectors, clock, lambda *_: None)
        watching = asyncio.create_task(dog.watch())
        await clock.advance(12)
        feed.resynced.clear()
        await clock.advance(60)
        assert feed.resynced["okx_spot", SYMBOL] > 0
        assert feed.resynced["binance_spot", SYMBOL] == 0  # the first one is still under way
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_venue_whose_books_flow_and_whose_account_is_silent_says_so() -> None:
    async with exchange_desk() as (desk, _feed, clock):

        def account() -> str:
            return desk.venue_health(SYMBOL)[0].account

        venue = desk.connectors["binance_spot"]
        assert isinstance(venue, PaperConnector)
        assert account() == ""
        venue.drop_stream()
        await clock.advance(1)
        assert account() == "the private stream is down: news of orders come late"
        venue.restore_stream()
        await clock.advance(1)
        assert account() == ""
        venue.faults.arm(Fault.TIMEOUT_PLACED)
        venue.faults.chance(Fault.REFUSED_CONNECTION, 1.0, Call.QUERY)
        venue.faults.arm(StreamFault.DROPPED, times=2)
        await desk.engine.execute_order(SYMBOL, "buy", "0.5", "limit", "99", exchanges=["binance_spot"])
        await clock.advance(20)
        assert account() == "it does not answer questions about 1 order"
        assert desk.venue_health(SYMBOL)[1].account == ""
        venue.faults.clear()
        await clock.advance(20)
        assert account() == ""
