"""Reduce-only, leverage and margin mode: settled with each perp venue before a child goes there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.domain.errors import BadRequest, NotPossible, VenueRefused
from core.domain.orders import ParentStatus
from core.exchanges.paper.faults import Call, Fault
from tests.core.exchanges.paper_desk import BUY, PERP, SELL, paper_desk
from tests.core.execution.floor import Floor, children, floor, shape

PERPS = ("binance_perp", "bybit_perp")


async def hold(f: Floor, side: str, amount: str, venue: str) -> None:
    """Open a position at `venue`; its book is then as it was."""
    order = await f.trade(side, amount, "101.5" if side == "buy" else "99", exchanges=[venue])
    assert order.status is ParentStatus.FILLED
    f.feeds[venue].snapshot({"100": "1", "99.5": "2", "99": "50"}, {"100.5": "1", "101": "2", "101.5": "50"})
    await f.wait(1)


async def position(f: Floor, venue: str) -> Decimal:
    return (await f.do(f.venues[venue].positions())).get("BTC/USDT", Decimal(0))


# -- positions --------------------------------------------------------------------------------------


async def test_a_perp_tells_its_net_position_and_a_spot_venue_has_none() -> None:
    async with floor("binance_perp", "binance_spot") as f:
        await hold(f, "sell", "2", "binance_perp")
        await hold(f, "buy", "2", "binance_spot")
        assert await f.do(f.venues["binance_perp"].positions()) == {"BTC/USDT": Decimal(-2)}
        assert await f.do(f.venues["binance_spot"].positions()) == {}


# -- reduce-only ------------------------------------------------------------------------------------


async def test_reduce_only_without_a_position_is_refused_and_nothing_is_recorded() -> None:
    async with floor(*PERPS) as f:
        with pytest.raises(NotPossible, match="no long position in BTC/USDT on binance_perp, bybit_perp to reduce"):
            await f.do(f.start("sell", "1", "99", reduce_only=True))
        await hold(f, "sell", "1", "bybit_perp")
        before = len(f.manager.snapshots())
        with pytest.raises(NotPossible, match="no long position"):
            await f.do(f.start("sell", "1", "99", reduce_only=True))
        assert len(f.manager.snapshots()) == before


async def test_reduce_only_needs_a_perp() -> None:
    async with floor("binance_spot", "okx_spot") as f:
        with pytest.raises(NotPossible, match="Reduce-only needs a perp; binance_spot, okx_spot are spot"):
            await f.start("sell", reduce_only=True)


async def test_reduce_only_uses_the_perps_that_have_a_position_and_no_spot() -> None:
    async with floor("binance_spot", *PERPS) as f:
        await hold(f, "buy", "2", "bybit_perp")
        order = await f.do(f.start("sell", "1", "99", reduce_only=True))
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED
        assert {child.exchange for child in children(order)} == {"bybit_perp"}
        assert await position(f, "bybit_perp") == 1


@pytest.mark.parametrize("strategy", ["price_optimized_liquidity", "best_price", "split_evenly"])
async def test_reduce_only_closes_each_venues_position_and_not_a_lot_more(strategy: str) -> None:
    async with floor(*PERPS) as f:
        await hold(f, "buy", "3", "binance_perp")
        await hold(f, "buy", "1", "bybit_perp")
        order = await f.do(f.start("sell", "10", "99", strategy, reduce_only=True))
        await f.do(order.done())
        assert (order.status, order.filled_amount) == (ParentStatus.COMPLETED, Decimal(4))
        assert order.reason == "no position is left to reduce"
        assert [await position(f, venue) for venue in PERPS] == [0, 0]
        assert not any(status == "rejected" for _, _, _, status in shape(order))


async def test_a_reduce_only_twap_slices_what_there_is_to_reduce() -> None:
    async with floor("binance_perp") as f:
        await hold(f, "buy", "2", "binance_perp")
        params = {"duration": 20, "slices": 4, "randomize": 0, "style": "aggressive"}
        order = await f.do(f.start("sell", "10", "99", "twap", params=params, reduce_only=True))
        await f.wait(1)
        assert order.filled_amount == Decimal("0.5")
        await f.do(order.done())
        assert await position(f, "binance_perp") == 0


async def test_a_reduce_only_stop_reduces_the_position_there_is_when_it_fires() -> None:
    async with floor(*PERPS) as f:
        await hold(f, "buy", "3", "binance_perp")
        words: dict[str, Any] = {"trigger_price": "98", "strategy": "best_price", "reduce_only": True}
        stop = await f.do(f.engine.execute_order("BTC/USDT", "sell", "3", "stop", **words))
        await f.wait(1)
        await f.trade("sell", "2", "99", exchanges=["binance_perp"])
        for venue in PERPS:
            f.feeds[venue].snapshot({"98": "50"}, {"98.5": "50"})
        await f.do(stop.done())
        assert stop.filled_amount == 1
        assert await position(f, "binance_perp") == 0


async def test_a_position_that_is_not_told_holds_the_order_back_until_it_is() -> None:
    async with floor("binance_perp") as f:
        await hold(f, "buy", "2", "binance_perp")
        order = await f.do(f.start("sell", "1", "99", reduce_only=True))
        f.venues["binance_perp"].faults.arm(Fault.REFUSED_CONNECTION, Call.QUERY, times=2)
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED


# -- leverage ---------------------------------------------------------------------------------------


def leverages(f: Floor) -> dict[str, int]:
    """What was really set, by venue."""
    return {venue: f.venues[venue].truth.ledger._leverage.get("BTC/USDT", 0) for venue in f.venues if venue.endswith("_perp")}  # type: ignore[attr-defined]  # the venue's own books


async def test_leverage_is_set_before_the_first_child_on_the_perps_that_are_used_and_only_there() -> None:
    async with floor("binance_spot", *PERPS) as f:
        f.feeds["bybit_perp"].snapshot({"90": "1"}, {"110": "1"})
        order = await f.trade("buy", "4", "101", leverage=5, margin_mode="isolated")
        assert order.status is ParentStatus.FILLED
        assert leverages(f) == {"binance_perp": 5, "bybit_perp": 0}
        assert {venue for venue, *_ in shape(order)} == {"binance_spot", "binance_perp"}


async def test_leverage_is_asked_for_once_per_venue() -> None:
    async with floor("binance_perp") as f:
        asked: list[int] = []
        real = f.venues["binance_perp"].set_leverage

        async def count(symbol: str, leverage: int, margin_mode: str | None = None) -> None:
            asked.append(leverage)
            await real(symbol, leverage, margin_mode)

        f.venues["binance_perp"].set_leverage = count  # type: ignore[method-assign]  # listens in
        params = {"duration": 10, "slices": 4, "randomize": 0, "style": "aggressive"}
        order = await f.trade("buy", "2", "101.5", "twap", params=params, leverage=3)
        assert order.status is ParentStatus.FILLED
        assert len(order.children) == 4
        assert asked == [3]


async def test_a_venue_that_refuses_the_leverage_is_left_out_and_the_order_goes_on_elsewhere() -> None:
    async with floor(*PERPS) as f:
        f.venues["binance_perp"].faults.arm(Fault.REJECT, Call.SETTING)
        order = await f.trade("buy", "2", "101", leverage=5)
        assert order.status is ParentStatus.FILLED
        assert {venue for venue, *_ in shape(order)} == {"bybit_perp"}


async def test_a_leverage_that_every_venue_refuses_ends_the_order_with_their_words() -> None:
    async with floor("binance_perp") as f:
        order = await f.trade("buy", "2", "101", leverage=125)
        assert order.status is ParentStatus.FAILED
        assert order.reason == "binance_perp refused a leverage of 125: it takes 1 to 100"
        assert not order.children


async def test_a_leverage_without_an_answer_is_asked_for_again_and_nothing_is_sent_meanwhile() -> None:
    async with floor("binance_perp") as f:
        f.venues["binance_perp"].faults.arm(Fault.TIMEOUT_PLACED, Call.SETTING, times=2)
        order = await f.start("buy", "2", "101", leverage=5)
        await f.wait(15)
        assert not order.children
        await f.do(order.done())
        assert order.status is ParentStatus.FILLED


async def test_an_order_can_be_cancelled_while_a_venue_keeps_silent_about_its_leverage() -> None:
    async with floor("binance_perp") as f:
        f.venues["binance_perp"].faults.arm(Fault.TIMEOUT_PLACED, Call.SETTING, times=9)
        order = await f.start("buy", "2", "101", leverage=5)
        await f.wait(1)
        before_us = f.clock.now_us()
        assert await f.do(f.engine.cancel_execution(order.id))
        assert f.clock.now_us() - before_us < 1_000_000
        await f.wait(60)
        assert not order.children


async def test_spot_ignores_leverage_and_the_plan_says_so() -> None:
    async with floor("binance_spot") as f:
        words: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "amount": "1", "price": "101", "leverage": 5}
        assert "Leverage is for perps; spot venues ignore it." in f.engine.preview(f.engine.request(**words)).notes
        order = await f.trade("buy", "1", "101", leverage=5)
        assert order.status is ParentStatus.FILLED


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"leverage": 0}, "whole number of 1 or more, not 0"),
        ({"leverage": -3}, "whole number of 1 or more"),
        ({"leverage": "2.5"}, "whole number of 1 or more, not 2.5"),
        ({"leverage": True}, "must be a number"),
        ({"leverage": 5, "margin_mode": "portfolio"}, "known: cross, isolated"),
        ({"margin_mode": "cross"}, "together with the margin mode"),
    ],
)
async def test_bad_leverage_says_what_to_change(words: dict[str, Any], says: str) -> None:
    async with floor("binance_perp") as f:
        with pytest.raises(BadRequest) as caught:
            f.engine.request(symbol="BTC/USDT", side="buy", amount="1", price="101", **words)
        assert says in str(caught.value)


# -- the paper venue's margin -----------------------------------------------------------------------


async def test_leverage_decides_how_much_margin_an_order_binds() -> None:
    async with paper_desk(PERP, balances={"USDT": Decimal(100)}) as desk:
        with pytest.raises(VenueRefused, match="USDT is free"):
            await desk.send(BUY, "15", "100")  # 150 of margin at ten times
        await desk.do(desk.venue.set_leverage("BTC/USDT", 20))
        await desk.send(BUY, "15", "100")
        assert (await desk.do(desk.venue.balances()))["USDT"].free == Decimal(100) - 75 - Decimal("0.75")


async def test_a_leverage_that_the_wallet_can_not_carry_is_refused_and_changes_nothing() -> None:
    async with paper_desk(PERP, balances={"USDT": Decimal(100)}) as desk:
        await desk.send(BUY, "5", "100")
        free = (await desk.do(desk.venue.balances()))["USDT"].free
        with pytest.raises(VenueRefused, match="refused a leverage of 2: it needs"):
            await desk.do(desk.venue.set_leverage("BTC/USDT", 2))
        assert (await desk.do(desk.venue.balances()))["USDT"].free == free


async def test_the_margin_mode_can_not_change_under_a_position() -> None:
    async with paper_desk(PERP) as desk:
        await desk.send(SELL, "1", "100")
        with pytest.raises(VenueRefused, match="has a position or open orders under cross margin"):
            await desk.do(desk.venue.set_leverage("BTC/USDT", 5, "isolated"))
        await desk.do(desk.venue.set_leverage("BTC/USDT", 5, "cross"))


async def test_a_spot_venue_has_no_leverage() -> None:
    async with paper_desk() as desk:
        assert not desk.venue.capabilities.leverage
        with pytest.raises(VenueRefused, match="has no leverage"):
            await desk.do(desk.venue.set_leverage("BTC/USDT", 2))
