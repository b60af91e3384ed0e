"""The wires of the paper venue: time under way, streams that overtake answers, callers that give up."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.errors import OutcomeUnknown
from core.domain.orders import Fill
from core.exchanges.connector import ConnectionChange, VenueOrder, VenueOrderStatus
from core.exchanges.paper.connector import PaperConnector
from tests.core.exchanges.paper_desk import BUY, IOC, SELL, SPOT, SYMBOL, PaperDesk, paper_desk


async def test_a_round_trip_takes_about_the_latency_and_is_shown() -> None:
    async with paper_desk(latency_ms=80) as desk:
        shown: list[float] = []
        for _ in range(40):
            await desk.send(BUY, "0.1", "99")
            shown.append(desk.venue.latency_ms or 0.0)
        assert min(shown) >= 0.85 * 80
        assert 70 < sum(shown) / len(shown) < 90
        assert len(set(shown)) > 20


async def test_the_same_seed_is_the_same_network() -> None:
    async def run(seed: int) -> list[float | None]:
        async with paper_desk(seed=seed) as desk:
            latencies = []
            for _ in range(5):
                await desk.send(BUY, "0.1", "99")
                latencies.append(desk.venue.latency_ms)
            return latencies

    assert await run(3) == await run(3)
    assert await run(3) != await run(4)


async def test_account_events_come_in_the_order_things_happened(spot: PaperDesk) -> None:
    await spot.send(BUY, "2", "101", IOC)
    await spot.clock.advance(1)
    kinds = [event.status if isinstance(event, VenueOrder) else type(event) for event in spot.heard]
    assert kinds == [VenueOrderStatus.OPEN, Fill, Fill, VenueOrderStatus.FILLED]


async def test_a_fill_may_be_heard_of_before_the_answer(spot: PaperDesk) -> None:
    heard_before_answer = []
    for _ in range(30):
        spot.feed.snapshot()
        spot.heard.clear()
        task = asyncio.create_task(spot.venue.create_order(spot.order(BUY, "0.1", "101", IOC)))
        while not task.done():
            heard_before_answer.append(bool(spot.heard_fills()))
            await spot.clock.advance(0.0005)
    assert any(heard_before_answer)


async def test_a_caller_that_gives_up_does_not_call_its_order_back(spot: PaperDesk) -> None:
    sending = asyncio.create_task(spot.venue.create_order(spot.order(BUY, "1", "100", client_id="mine")))
    await spot.clock.advance(0.001)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await spot.clock.advance(1)

    found = await spot.do(spot.venue.find_order(SYMBOL, "mine"))
    assert found is not None
    assert found.status is VenueOrderStatus.OPEN


async def test_closing_answers_requests_that_are_under_way_with_unknown(spot: PaperDesk) -> None:
    sending = asyncio.create_task(spot.venue.create_order(spot.order(BUY, "1", "100")))
    await spot.clock.advance(0.001)
    await spot.venue.close()
    with pytest.raises(OutcomeUnknown):
        await sending


async def test_orders_stay_over_a_close_and_fill_unheard(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1", "100")
    await spot.clock.advance(1)
    await spot.venue.close()
    spot.heard.clear()
    spot.feed.trade(SELL, "99", "5")
    await spot.venue.open()
    await spot.clock.advance(1)

    assert not spot.heard
    found = await spot.do(spot.venue.find_order(SYMBOL, order.client_id))
    assert found is not None
    assert found.status is VenueOrderStatus.FILLED


async def test_what_happens_while_the_private_stream_is_down_is_never_heard(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1", "100")
    await spot.clock.advance(1)
    spot.heard.clear()
    spot.venue.drop_stream("the cable was cut")
    spot.feed.trade(SELL, "99", "0.4")
    await spot.clock.advance(1)
    spot.venue.restore_stream()
    spot.feed.trade(SELL, "99", "0.1")
    await spot.clock.advance(1)

    changes = [(event.connected, event.reason) for event in spot.heard if isinstance(event, ConnectionChange)]
    assert changes == [(False, "the cable was cut"), (True, "the private stream is back")]
    assert [str(fill.amount) for fill in spot.heard_fills()] == ["0.10"]
    assert len(await spot.do(spot.venue.fills_of(SYMBOL, order.client_id))) == 2


async def test_a_late_subscriber_gets_a_snapshot_first() -> None:
    desk = PaperDesk()
    await desk.venue.open()
    desk.feed.snapshot()
    desk.feed.change(bids={"100": "7"})
    assert not desk.seen
    await desk.venue.subscribe(SYMBOL)
    [message] = desk.seen
    assert message == desk.venue.truth.snapshot(SYMBOL)
    await desk.venue.close()


async def test_ids_of_a_later_run_never_meet_those_of_an_earlier_one(spot: PaperDesk) -> None:
    """The trader's journal outlives the process: a new trade under an old id would be taken for a duplicate."""
    await spot.send(BUY, "1", "101", IOC)
    second_run = PaperConnector(SPOT.venue, spot.feed, spot.clock)
    await second_run.open()
    spot.feed.snapshot()
    await spot.do(second_run.create_order(spot.order(BUY, "1", "101", IOC)))
    await second_run.close()
    assert second_run.truth.fills[0].trade_id != spot.fills[0].trade_id
