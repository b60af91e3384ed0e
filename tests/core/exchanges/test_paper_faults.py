"""Every fault: what the caller is told, and what is true."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnavailable
from core.domain.market import BookMessage, BookState, FeedGap
from core.domain.orders import Fill
from core.exchanges.connector import VenueOrder, VenueOrderStatus
from core.exchanges.paper.faults import Call, Fault, Faults, StreamFault
from core.market.store import OrderBooks
from tests.core.exchanges.paper_desk import BUY, FOK, IOC, SELL, SYMBOL, PaperDesk, paper_desk


@pytest.mark.parametrize(
    ("fault", "error", "placed"),
    [
        (Fault.REFUSED_CONNECTION, VenueUnavailable, False),
        (Fault.RATE_LIMITED, VenueUnavailable, False),
        (Fault.CLOSED_BEFORE, OutcomeUnknown, False),
        (Fault.CLOSED_AFTER, OutcomeUnknown, True),
        (Fault.LOST_ACK, OutcomeUnknown, True),
        (Fault.TIMEOUT_LOST, OutcomeUnknown, False),
        (Fault.TIMEOUT_PLACED, OutcomeUnknown, True),
        (Fault.REJECT, VenueRefused, False),
    ],
)
async def test_a_create_that_goes_wrong_says_no_more_than_is_known(
    spot: PaperDesk, fault: Fault, error: type[VenueError], placed: bool
) -> None:
    spot.venue.faults.arm(fault)
    with pytest.raises(error, match=r"^test_spot"):
        await spot.send(BUY, "1", "100", client_id="mine")

    found = await spot.do(spot.venue.find_order(SYMBOL, "mine"))
    assert (found is not None) is placed
    assert (await spot.send(BUY, "1", "100")).status is VenueOrderStatus.OPEN  # armed for one call only


async def test_a_connection_closed_before_or_after_looks_the_same(spot: PaperDesk) -> None:
    sentences = []
    for fault in (Fault.CLOSED_BEFORE, Fault.CLOSED_AFTER):
        spot.venue.faults.arm(fault)
        with pytest.raises(OutcomeUnknown) as caught:
            await spot.send(BUY, "1", "100")
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]


async def test_an_order_may_arrive_after_its_sender_gave_up(spot: PaperDesk) -> None:
    spot.venue.faults.timeout_s, spot.venue.faults.late_s = 5.0, 3.0
    spot.venue.faults.arm(Fault.TIMEOUT_THEN_ARRIVES)
    with pytest.raises(OutcomeUnknown):
        await spot.send(BUY, "1", "100", client_id="mine")

    assert await spot.do(spot.venue.find_order(SYMBOL, "mine")) is None
    await spot.clock.advance(3.1)
    assert await spot.do(spot.venue.find_order(SYMBOL, "mine")) is not None


async def test_a_hanging_request_hangs_for_the_timeout(spot: PaperDesk) -> None:
    spot.venue.faults.timeout_s = 7.0
    spot.venue.faults.arm(Fault.TIMEOUT_PLACED)
    before = spot.clock.now_us()
    with pytest.raises(OutcomeUnknown, match="did not answer in time"):
        await spot.send(BUY, "1", "100")
    assert spot.clock.now_us() - before >= 7_000_000


@pytest.mark.parametrize(("fault", "cancelled"), [(Fault.TIMEOUT_PLACED, True), (Fault.TIMEOUT_LOST, False)])
async def test_a_cancel_that_times_out_may_have_taken_effect(spot: PaperDesk, fault: Fault, cancelled: bool) -> None:
    order = await spot.send(BUY, "1", "100")
    spot.venue.faults.arm(fault, Call.CANCEL)
    with pytest.raises(OutcomeUnknown):
        await spot.cancel(order)
    assert (spot.now(order).status is VenueOrderStatus.CANCELLED) is cancelled


async def test_an_amend_may_take_effect_unseen(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1", "99")
    spot.venue.faults.arm(Fault.LOST_ACK, Call.AMEND)
    with pytest.raises(OutcomeUnknown):
        await spot.amend(order, price="99.5")
    assert spot.now(order).price == Decimal("99.5")


async def test_an_outage_of_queries_is_no_evidence_of_anything(spot: PaperDesk) -> None:
    order = await spot.send(BUY, "1", "100")
    spot.venue.faults.arm(Fault.REFUSED_CONNECTION, Call.QUERY, times=4)
    for query in (
        spot.venue.find_order(SYMBOL, order.client_id),
        spot.venue.open_orders(SYMBOL),
        spot.venue.fills_of(SYMBOL, order.client_id),
        spot.venue.balances(),
    ):
        with pytest.raises(VenueUnavailable):
            await spot.do(query)
    assert await spot.do(spot.venue.open_orders(SYMBOL)) == [order]


async def test_someone_faster_leaves_only_part_of_an_order_to_fill(spot: PaperDesk) -> None:
    spot.venue.faults.arm_partial()
    order = await spot.send(BUY, "2", "101", IOC)
    assert order.status is VenueOrderStatus.EXPIRED
    assert order.filled == 1

    spot.feed.snapshot()
    spot.venue.faults.arm_partial()
    assert (await spot.send(BUY, "2", "101", FOK)).filled == 0


async def test_a_probability_hits_some_calls_and_the_seed_says_which() -> None:
    async def run(seed: int) -> str:
        async with paper_desk(faults=Faults(seed)) as desk:
            desk.venue.faults.chance(Fault.REJECT, 0.4)
            outcome = ""
            for _ in range(30):
                try:
                    await desk.send(BUY, "0.1", "99")
                    outcome += "."
                except VenueRefused:
                    outcome += "x"
            return outcome

    first = await run(1)
    assert 4 < first.count("x") < 20
    assert await run(1) == first
    assert await run(2) != first


async def test_extra_latency_shows(spot: PaperDesk) -> None:
    spot.venue.faults.extra_latency_ms = 500
    await spot.send(BUY, "1", "100")
    assert spot.venue.latency_ms is not None
    assert spot.venue.latency_ms > 500


async def test_all_switches_off_means_all_is_well(spot: PaperDesk) -> None:
    faults = spot.venue.faults
    faults.arm(Fault.REJECT, times=5)
    faults.chance(Fault.TIMEOUT_LOST, 1.0)
    faults.chance(StreamFault.DROPPED, 1.0)
    faults.arm_partial(3, 1.0)
    faults.arm_gap(3)
    faults.market_frozen = True
    faults.clear()
    assert (await spot.send(BUY, "2", "101", IOC)).filled == 2
    await spot.clock.advance(1)
    assert len(spot.heard_fills()) == 2


async def test_a_dropped_event_is_never_heard_of(spot: PaperDesk) -> None:
    spot.venue.faults.arm(StreamFault.DROPPED, times=2)  # the order's own event, and its first fill
    await spot.send(BUY, "2", "101", IOC)
    await spot.clock.advance(1)
    assert [type(event) for event in spot.heard] == [Fill, VenueOrder]


async def test_a_duplicated_fill_is_the_same_trade_twice(spot: PaperDesk) -> None:
    spot.venue.faults.arm(StreamFault.DUPLICATED)
    await spot.send(BUY, "1", "101", IOC)
    await spot.clock.advance(1)
    first, second = spot.heard_fills()
    assert first == second
    assert len(spot.fills) == 1


@pytest.mark.parametrize("fault", [StreamFault.DELAYED, StreamFault.REORDERED])
async def test_a_fill_may_come_after_the_end_of_its_order(spot: PaperDesk, fault: StreamFault) -> None:
    spot.venue.faults.arm(fault)
    await spot.send(BUY, "1", "101", IOC)
    await spot.clock.advance(10)
    assert [type(event) for event in spot.heard] == [VenueOrder, VenueOrder, Fill]
    last_order = spot.heard[1]
    assert isinstance(last_order, VenueOrder)
    assert last_order.status is VenueOrderStatus.FILLED


def watch(desk: PaperDesk) -> OrderBooks:
    books = OrderBooks(desk.clock)
    books.register(desk.instrument)
    for message in desk.seen:
        books.consume(message)
    desk.venue.on_market(books.consume)
    return books


async def test_a_frozen_stream_is_silent_while_the_market_goes_on(spot: PaperDesk) -> None:
    books = watch(spot)
    spot.venue.faults.market_frozen = True
    spot.feed.change(asks={"100.5": "0", "101": "0"})
    assert books.view(SYMBOL).books["test_spot"].best_ask == Decimal("100.5")
    assert (await spot.send(BUY, "1", "101", IOC)).filled == 0
    await spot.clock.advance(10)
    assert books.view(SYMBOL).books["test_spot"].state is BookState.STALE

    spot.venue.faults.market_frozen = False
    spot.feed.change(bids={"100": "4"})
    book = books.view(SYMBOL).books["test_spot"]
    assert book.state is BookState.LIVE
    assert book.best_ask == Decimal("101.5")
    assert book.bids.sizes[0] == 400


async def test_a_gap_shows_as_a_gap_and_heals_with_a_snapshot(spot: PaperDesk) -> None:
    books = watch(spot)
    spot.venue.faults.arm_gap()
    for size in ("2", "3", "4", "5"):  # three are lost, the fourth shows it
        spot.feed.change(bids={"100": size})
    assert books.view(SYMBOL).books["test_spot"].state is BookState.GAP

    await spot.clock.advance(1.5)
    book = books.view(SYMBOL).books["test_spot"]
    assert book.state is BookState.LIVE
    assert book.bids.sizes[0] == 500
    spot.feed.change(bids={"100": "6"})
    assert books.view(SYMBOL).books["test_spot"].bids.sizes[0] == 600


async def test_a_gap_without_numbers_is_announced(spot: PaperDesk) -> None:
    spot.venue.faults.arm_gap()
    spot.feed.say(BookMessage(False, "test_spot", SYMBOL, 0, 0, None, None, [200], [900], [], []))
    assert isinstance(spot.seen[-1], FeedGap)


async def test_faults_change_what_is_told_and_never_what_is_true(spot: PaperDesk) -> None:
    faults = spot.venue.faults
    faults.timeout_s = 0.5
    for fault in Fault:
        faults.chance(fault, 0.1)
    for stream_fault in StreamFault:
        faults.chance(stream_fault, 0.2)
    for _ in range(40):
        spot.feed.snapshot()
        try:
            await spot.send(BUY, "1.5", "101", IOC)
        except VenueError:
            continue
    await spot.clock.advance(60)
    truth = spot.venue.truth
    assert sum(fill.amount for fill in truth.fills) == sum(order.report().filled for order in truth.orders.values())
    assert {fill.trade_id for fill in spot.heard_fills()} <= {fill.trade_id for fill in truth.fills}
    assert len({fill.trade_id for fill in truth.fills}) == len(truth.fills)
    assert SELL not in {fill.side for fill in truth.fills}
