"""The gate on a trading floor: what a limit forbids never reaches a venue, and the order says why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from core import Settings, open_desk
from core.domain.errors import JournalError, RiskDenied
from core.domain.orders import ChildStatus, ParentStatus
from core.exchanges.connector import Balance
from core.execution.risk.limits import UNLIMITED, RiskLimits
from core.journal.journal import Journal
from tests.core.execution.floor import Floor, floor, shape
from tests.core.making import instrument


def limits(**changes: Any) -> RiskLimits:
    """No limits but these."""
    return RiskLimits.model_validate({**UNLIMITED.model_dump(), **changes})


def sent(f: Floor) -> int:
    return sum(len(venue.truth.orders) for venue in f.venues.values())


# -- parents -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "order", "says"),
    [
        (
            {"max_parent_notional": 100},
            {"amount": "2", "price": "100"},
            "A parent order of 200 USDT is over the limit of 100 USDT by 100 USDT",
        ),
        ({"max_parent_notional": 150}, {"amount": "2", "price": None}, "A parent order of 200.5 USDT is over"),
        ({"max_parent_notional": 150}, {"side": "sell", "amount": "2", "price": "50"}, "A parent order of 200.5 USDT is over"),
        ({"price_collar_bps": 100}, {"amount": "1", "price": "102"}, "175 bps above the mid of 100.25, 75 bps past the limit of 100 bps"),
        ({"price_collar_bps": 100}, {"side": "sell", "amount": "1", "price": "98"}, "bps below the mid"),
    ],
    ids=["limit order", "market order", "low sell", "high buy", "low sell price"],
)
async def test_a_parent_past_a_limit_is_refused_before_it_exists(limit: dict[str, object], order: dict[str, Any], says: str) -> None:
    journal = Journal()
    async with floor(journal=journal, limits=limits(**limit)) as f:
        with pytest.raises(RiskDenied, match=says):
            await f.start(**order)
        assert f.manager.snapshots() == []
        assert list(journal.entries()) == []


async def test_the_demo_refuses_a_buy_far_above_the_market_and_lets_one_wait_far_below_it() -> None:
    async with open_desk(Settings()) as desk:
        await asyncio.sleep(0.2)
        mid = desk.market("BTC/USDT").mid
        assert mid is not None
        assert mid > 55_000
        with pytest.raises(RiskDenied, match=r"^Price collar: .* bps above the mid of .* past the limit of 3000 bps\.$"):
            await desk.engine.execute_order("BTC/USDT", "buy", "0.01", "limit", str((mid * 2).quantize(Decimal(1))))
        assert desk.order_manager.snapshots() == []
        assert [entry for entry in desk.journal.entries() if entry.kind in ("parent", "intent")] == []
        waits = await desk.engine.execute_order("BTC/USDT", "buy", "0.01", "limit", "50000")
        assert waits.status is ParentStatus.RUNNING
        assert await desk.engine.cancel_execution(waits.id)
        assert waits.filled_amount == 0


async def test_waiting_far_from_the_market_is_no_breach() -> None:
    async with floor(limits=limits(price_collar_bps=100)) as f:
        order = await f.start(amount="1", price="50")
        await f.wait(1)
        assert shape(order) == [("binance_spot", "1", "0", "open")]


async def test_a_stop_is_judged_by_its_trigger_and_not_by_the_market_of_today() -> None:
    async with floor(limits=limits(price_collar_bps=200)) as f:
        stop: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "amount": "1", "order_type": "stop_limit", "trigger_price": "150"}
        order = await f.engine.execute_order(**stop, price="151")
        assert order.status is not ParentStatus.REJECTED
        with pytest.raises(RiskDenied, match="above the trigger of 150"):
            await f.engine.execute_order(**stop, price="160")


async def test_the_same_order_again_too_soon_is_refused_unless_the_trader_knows() -> None:
    async with floor(limits=limits(duplicate_window_s=5)) as f:
        words: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "amount": "0.1", "order_type": "limit", "price": "99"}
        await f.engine.execute_order(**words)
        await f.wait(1)
        with pytest.raises(RiskDenied, match=r"1\.0 s ago.*4\.0 s too early"):
            await f.engine.execute_order(**words)
        await f.engine.execute(f.engine.request(**words), repeats=True)
        await f.engine.execute_order(**{**words, "amount": "0.2"})
        await f.wait(6)
        await f.engine.execute_order(**words)
        assert len(f.manager.working()) == 4


async def test_a_repeat_is_noticed_with_other_orders_in_between() -> None:
    async with floor(limits=limits(duplicate_window_s=5)) as f:
        first: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "amount": "0.1", "order_type": "limit", "price": "99"}
        await f.engine.execute_order(**first)
        await f.engine.execute_order(**{**first, "amount": "0.2"})
        await f.wait(1)
        with pytest.raises(RiskDenied, match=r"1\.0 s ago.*4\.0 s too early"):
            await f.engine.execute_order(**first)
        await f.wait(4.5)
        await f.engine.execute_order(**first)


async def test_a_change_that_makes_an_order_too_large_is_refused_and_changes_nothing() -> None:
    async with floor(limits=limits(max_parent_notional=150, price_collar_bps=500)) as f:
        order = await f.start(amount="1", price="99")
        await f.wait(1)
        with pytest.raises(RiskDenied, match="over the limit of 150"):
            await f.engine.modify_execution(order.id, new_amount="2")
        with pytest.raises(RiskDenied, match="Price collar"):
            await f.engine.modify_execution(order.id, new_price="120")
        assert (order.amount, order.price) == (1, 99)
        assert await f.do(f.engine.modify_execution(order.id, new_amount="1.5"))


async def test_the_preview_says_what_the_gate_would() -> None:
    async with floor(limits=limits(max_parent_notional=100)) as f:
        plan = f.engine.preview(f.engine.request(symbol="BTC/USDT", side="buy", amount="2", order_type="limit", price="100"))
        assert plan.blocking.startswith("A parent order of 200 USDT is over")


# -- children ----------------------------------------------------------------------------------------


async def test_a_child_past_a_limit_is_denied_and_its_parent_says_why() -> None:
    async with floor(limits=limits(max_order_notional=150)) as f:
        order = await f.trade(amount="2", price="101")
        assert sent(f) == 0
        assert {child.status for child in order.children} == {ChildStatus.DENIED}
        assert order.status is ParentStatus.FAILED
        assert "over the limit of 150 USDT" in order.reason
        assert order.children[0].reason.startswith("An order on ")


async def test_a_denied_child_keeps_nothing_reserved() -> None:
    async with floor(limits=limits(max_order_notional=150)) as f:
        order = await f.trade(amount="2", price="101")
        assert order.snapshot().live_amount == 0
        assert f.engine.risk.funds.reservations() == {}


async def test_what_one_venue_may_not_take_goes_to_the_others() -> None:
    async with floor("binance_spot", "okx_spot", limits=limits(max_open_per_venue=1)) as f:
        first = await f.start(amount="1", price="99", strategy="best_price", exchanges=["binance_spot"])
        await f.wait(1)
        second = await f.start(amount="1", price="99.5", strategy="best_price", exchanges=["binance_spot"])
        await f.wait(1)
        assert "is 1 over the limit of 1" in second.children[0].reason
        third = await f.start(amount="1", price="99.5", strategy="best_price", exchanges=["okx_spot"])
        await f.wait(1)
        assert shape(first) == [("binance_spot", "1", "0", "open")]
        assert shape(third) == [("okx_spot", "1", "0", "open")]


async def test_too_many_orders_in_a_second_are_tried_again_a_little_later() -> None:
    async with floor("binance_spot", "okx_spot", "bybit_spot", limits=limits(max_orders_per_second=2)) as f:
        order = await f.trade(amount="6", price="101.5", strategy="split_evenly")
        denied = [child for child in order.children if child.status is ChildStatus.DENIED]
        assert denied
        assert denied[0].reason.startswith("Order rate: 2 orders went out in the last second")
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 6


async def test_a_book_that_went_stale_takes_no_order() -> None:
    async with floor("binance_spot") as f:
        order = await f.start(amount="1", price="99", strategy="twap", params={"duration": 20, "slices": 2, "randomize": 0})
        f.feeds["binance_spot"].gap()
        await f.wait(5)
        assert sent(f) == 0
        assert order.filled_amount == 0


async def test_a_change_of_a_single_child_passes_the_gate_too() -> None:
    async with floor(limits=limits(price_collar_bps=50)) as f:
        order = await f.start(amount="1", price="100", strategy="best_price", post_only=True)
        await f.wait(1)
        (child,) = order.children
        with pytest.raises(RiskDenied, match="Price collar"):
            f.manager.amend(f.manager.child(child.id), price=Decimal(105), amount=Decimal(1))  # type: ignore[arg-type]  # it is there
        assert f.venues["binance_spot"].truth.orders[child.id].price == child.price


async def test_a_cancel_is_never_gated() -> None:
    async with floor(limits=limits(max_orders_per_second=1)) as f:
        order = await f.start(amount="1", price="99")
        await f.wait(0.1)
        f.engine.risk.set_limits(limits(max_order_notional=1, max_parent_notional=1, max_open=1, max_orders_per_minute=1))
        f.engine.risk.stopped = True
        assert await f.do(f.engine.cancel_execution(order.id))


# -- money -------------------------------------------------------------------------------------------


async def test_an_order_that_the_balances_can_not_carry_is_refused() -> None:
    async with floor("binance_spot", "okx_spot", limits=limits(check_balance=True)) as f:
        for venue in f.venues:
            await f.do(f.engine.risk.funds.refresh(venue))
        with pytest.raises(RiskDenied, match=r"what is free on 2 venues carries 100,000 BTC .* 20,000 BTC too little"):
            await f.start(amount="120000", price="100")


async def test_a_balance_nobody_has_told_refuses_nothing() -> None:
    async with floor(limits=limits(check_balance=True)) as f:
        order = await f.start(amount="120000", price="50")
        await f.wait(0.001)
        assert order.children[0].status is not ChildStatus.DENIED


async def test_what_is_reserved_counts_until_the_order_is_over() -> None:
    fee = instrument("binance_spot", tick="0.5", lot="0.01", taker_fee="0.001")
    async with floor(fee, limits=limits(check_balance=True)) as f:
        funds = f.engine.risk.funds
        await f.do(funds.refresh("binance_spot"))
        free = funds.available("binance_spot", "USDT")
        assert free is not None
        order = await f.start(amount="10", price="99")
        await f.wait(0.001)
        assert funds.reservations() == {("binance_spot", "USDT"): Decimal("990.99")}
        assert funds.available("binance_spot", "USDT") == free - Decimal("990.99")
        await f.do(f.engine.cancel_execution(order.id))
        assert funds.reservations() == {}
        await f.wait(3)
        assert funds.available("binance_spot", "USDT") == free


async def test_money_on_its_way_is_not_spent_twice() -> None:
    async with floor(limits=limits(check_balance=True)) as f:
        await f.do(f.engine.risk.funds.refresh("binance_spot"))
        first = await f.start(amount="40000", price="99")
        await f.wait(0.001)
        second = await f.start(amount="10000", price="99", strategy="best_price")
        with pytest.raises(RiskDenied, match="too little"):
            await f.start(amount="20000", price="99")
        await f.wait(1)
        assert first.status is second.status is ParentStatus.RUNNING


async def test_an_order_sent_while_the_balance_is_asked_for_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(limits=limits(check_balance=True)) as f:
        funds, venue = f.engine.risk.funds, f.venues["binance_spot"]
        await f.do(funds.refresh("binance_spot"))
        free = funds.available("binance_spot", "USDT")
        assert free is not None
        balances_now = venue.balances

        async def balances_late() -> Mapping[str, Balance]:
            told = await balances_now()
            await f.start(amount="10", price="99", strategy="best_price")
            await f.clock.sleep(1)
            return told

        monkeypatch.setattr(venue, "balances", balances_late)
        await f.do(funds.refresh("binance_spot"))
        assert funds.available("binance_spot", "USDT") == free - 990


async def test_a_perp_order_takes_its_margin_and_closing_takes_none() -> None:
    perp = instrument("binance_perp", tick="0.5", lot="0.01", taker_fee="0")
    async with floor(perp, limits=limits(check_balance=True, assumed_leverage=10)) as f:
        funds = f.engine.risk.funds
        await f.do(funds.refresh("binance_perp"))
        bought = await f.trade(amount="3", price="101")
        assert bought.status is ParentStatus.FILLED
        await f.wait(3)
        await f.start(side="sell", amount="5", price="102", strategy="best_price")
        await f.wait(0.001)
        (child,) = f.engine.live
        assert funds.needed(child, Decimal(102), Decimal(5)) == ("USDT", Decimal("20.4"))


async def test_after_limits_were_tightened_an_order_may_still_become_milder() -> None:
    async with floor(limits=limits()) as f:
        order = await f.start(amount="10", price="99")
        await f.wait(1)
        f.engine.risk.set_limits(limits(max_parent_notional=150, price_collar_bps=10))
        assert await f.do(f.engine.modify_execution(order.id, new_amount="5"))
        assert await f.do(f.engine.modify_execution(order.id, new_price="98"))
        with pytest.raises(RiskDenied, match="over the limit of 150"):
            await f.engine.modify_execution(order.id, new_amount="6")
        assert (order.amount, order.price) == (5, 98)


async def test_a_repeat_is_noticed_whatever_counts_from_now_and_in_whatever_order_venues_are_named() -> None:
    async with floor("binance_spot", "okx_spot", limits=limits(duplicate_window_s=5)) as f:
        words: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "amount": "0.1", "order_type": "limit", "price": "99"}
        gtd = {**words, "time_in_force": "gtd", "expires_in": 60}
        for first, second in (
            (words | {"exchanges": ["binance_spot", "okx_spot"]}, words | {"exchanges": ["okx_spot", "binance_spot"]}),
            (gtd, gtd),
        ):
            await f.engine.execute_order(**first)
            await f.wait(1)
            with pytest.raises(RiskDenied, match=r"1\.0 s ago"):
                await f.engine.execute_order(**second)


async def test_what_the_journal_refused_is_no_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor(limits=limits(duplicate_window_s=5)) as f:
        words: dict[str, Any] = {"symbol": "BTC/USDT", "side": "buy", "amount": "0.1", "order_type": "limit", "price": "99"}

        def full(*_: object) -> None:
            raise JournalError("The journal can't be written: the disk is full.")

        with monkeypatch.context() as disk:
            disk.setattr(f.journal._store, "write", full)
            for _ in range(2):
                with pytest.raises(JournalError):
                    await f.engine.execute_order(**words)
        f.journal.flush()
        await f.engine.execute_order(**words)


async def test_fill_or_kill_sends_nothing_when_a_part_of_it_is_not_allowed() -> None:
    async with floor("binance_spot", "okx_spot", limits=limits(max_open_per_venue=1)) as f:
        await f.start(amount="1", price="90", strategy="best_price", exchanges=["okx_spot"])
        await f.wait(1)
        before = sent(f)
        order = await f.start(amount="6", price="101", strategy="price_optimized_liquidity", time_in_force="fok")
        await f.wait(10)
        assert sent(f) == before
        assert order.filled_amount == 0
        assert {child.status for child in order.children} == {ChildStatus.DENIED, ChildStatus.NOT_PLACED}
        assert order.status.terminal
        assert "limit" in order.reason


async def test_what_rests_may_become_milder_too_after_limits_were_tightened() -> None:
    async with floor(limits=limits()) as f:
        order = await f.start(amount="10", price="99", strategy="best_price")
        await f.wait(1)
        f.engine.risk.set_limits(limits(max_order_notional=300, max_parent_notional=300, price_collar_bps=10, max_orders_per_second=1))
        assert await f.do(f.engine.modify_execution(order.id, new_amount="5"))
        assert await f.do(f.engine.modify_execution(order.id, new_price="98"))
        assert shape(order) == [("binance_spot", "5", "0", "open")]
        assert order.children[0].price == 98
