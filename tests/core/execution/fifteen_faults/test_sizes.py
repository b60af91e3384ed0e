"""Fault 13: what is left falls under a minimum, or the rules change meanwhile. It is merged or named as dust, and nobody loops."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.domain.errors import RiskDenied
from core.domain.orders import ChildStatus, ParentStatus
from core.execution.risk.limits import UNLIMITED, RiskLimits
from tests.core.exchanges.paper_desk import SYMBOL
from tests.core.execution.fifteen_faults.tap import OTHER, Tap, V
from tests.core.execution.floor import ASKS, BIDS, Floor, floor, shape
from tests.core.making import instrument

TEN_SLICES = {"duration": 100, "slices": 10, "randomize": 0, "style": "aggressive"}


def venue(name: str = V, **rules: Any) -> Any:
    return instrument(name, tick="0.5", lot="0.01", **rules)


def new_rules(f: Floor, *, known: bool = False, **rules: str) -> None:
    """The venue changes its rules while it trades.

    Args:
        known: it has told us; else it only refuses what breaks them.
    """
    truth = f.venues[V].truth._markets[SYMBOL].book
    changed: dict[str, Any] = {name: Decimal(value) for name, value in rules.items()}
    truth.instrument = replace(truth.instrument, **changed)
    if known:
        f.books.register(truth.instrument)
        f.feeds[V].snapshot(BIDS, ASKS)


# -- a residual under a minimum ----------------------------------------------------------------------


async def test_fault_13_a_residual_under_the_minimum_is_named_as_dust_and_not_sent() -> None:
    async with floor(venue(min_amount="0.5")) as f:
        tap = Tap(f)
        f.feeds[V].change(asks={"101.5": "0", "110": "5"})  # 3 are within the limit
        order = await f.trade(amount="3.3", price="101", time_in_force="ioc")
        assert order.filled_amount == f.all_truth() == 3
        assert order.status is ParentStatus.COMPLETED
        assert order.reason == "0.3 BTC is under every venue's minimum and was left"
        assert len(tap.of("create_order")) == 1


async def test_fault_13_a_residual_that_one_venue_would_refuse_goes_to_the_one_that_takes_it() -> None:
    async with floor(venue(min_amount="0.5"), venue(OTHER, taker_fee="0.01")) as f:
        f.feeds[V].change(asks={"101": "0", "101.5": "0"})
        f.feeds[OTHER].change(asks={"100.5": "0"})
        order = await f.trade(amount="1.3", price="101.5")
        assert order.filled_amount == f.all_truth() == Decimal("1.3")
        assert [(exchange, filled) for exchange, _, filled, _ in shape(order)] == [(V, "1"), (OTHER, "0.3")]


async def test_fault_13_what_a_slice_leaves_is_merged_into_the_next() -> None:
    async with floor(venue(min_amount="0.4")) as f:
        f.venues[V].faults.arm_partial()  # somebody is faster: half of the first slice
        order = await f.start(amount="5", price="101.5", strategy="twap", params=TEN_SLICES)
        await f.do(order.done(), within_s=200)
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 5
        assert all(Decimal(amount) >= Decimal("0.4") for _, amount, _, _ in shape(order))
        assert {child.status for child in order.children} <= {ChildStatus.FILLED, ChildStatus.EXPIRED}  # nothing was refused


# -- limits that change under way --------------------------------------------------------------------


async def test_fault_13_a_minimum_that_rises_mid_run_is_met_with_larger_slices() -> None:
    async with floor(venue()) as f:
        tap = Tap(f)
        order = await f.start(amount="10", price="101.5", strategy="twap", params=TEN_SLICES)
        await f.wait(25)
        assert order.filled_amount == 3
        new_rules(f, min_amount="1.5")
        await f.do(order.done(), within_s=200)
        refused = [child for child in order.children if child.status is ChildStatus.REJECTED]
        assert 1 <= len(refused) <= 3
        assert "under the minimum of 1.5 BTC" in refused[0].reason
        assert order.filled_amount == f.all_truth()
        assert order.filled_amount >= 8
        assert len(tap.of("create_order")) <= 13


async def test_fault_13_a_minimum_that_no_slice_can_meet_ends_the_order_instead_of_looping() -> None:
    async with floor(venue()) as f:
        tap = Tap(f)
        order = await f.start(amount="10", price="101.5", strategy="twap", params=TEN_SLICES)
        await f.wait(25)
        new_rules(f, min_amount="9")
        await f.do(order.done(), within_s=300)
        assert len(tap.of("create_order")) == 3 + 3
        assert order.status is ParentStatus.COMPLETED
        assert "under the minimum of 9 BTC" in order.reason
        assert order.filled_amount == f.all_truth() == 3


async def test_fault_13_rules_that_the_venue_has_told_are_kept_from_then_on() -> None:
    async with floor(venue()) as f:
        order = await f.start(amount="10", price="101.5", strategy="twap", params=TEN_SLICES)
        await f.wait(25)
        new_rules(f, known=True, lot="0.3", size_unit="0.01")
        await f.do(order.done(), within_s=300)
        later = [Decimal(amount) for _, amount, _, _ in shape(order)[3:]]
        assert all(amount % Decimal("0.3") == 0 for amount in later)
        assert ChildStatus.REJECTED not in {child.status for child in order.children}
        assert order.filled_amount == f.all_truth() == Decimal("9.9")  # 0.1 is under the new lot
        assert order.status is ParentStatus.COMPLETED


async def test_fault_13_a_risk_limit_that_tightens_mid_run_denies_and_does_not_loop() -> None:
    async with floor(venue(), limits=UNLIMITED) as f:
        order = await f.start(amount="10", price="101.5", strategy="twap", params=TEN_SLICES)
        await f.wait(25)
        f.engine.risk.set_limits(RiskLimits.model_validate({**UNLIMITED.model_dump(), "max_order_notional": "5"}))
        await f.do(order.done(), within_s=300)
        denied = [child for child in order.children if child.status is ChildStatus.DENIED]
        assert len(denied) == 3
        assert "over the limit of 5 USDT by" in order.reason
        assert order.filled_amount == f.all_truth() == 3


# -- fees in base ------------------------------------------------------------------------------------


async def test_fault_13_a_base_fee_is_said_before_and_not_bought_again() -> None:
    async with floor(venue(taker_fee="0.001", fee_in_base=True, min_amount="0.02")) as f:
        tap = Tap(f)
        request = f.engine.request(symbol=SYMBOL, side="buy", amount="1", order_type="limit", price="101", strategy="best_price")
        assert "about 0.001 BTC less arrives than is bought" in " ".join(f.engine.preview(request).notes)
        order = await f.trade(amount="1", price="101", strategy="best_price")
        assert order.status is ParentStatus.FILLED
        assert order.filled_amount == f.all_truth() == 1
        assert order.fees == {"BTC": Decimal("0.001")}
        await f.wait(60)
        assert len(tap.of("create_order")) == 1


@pytest.mark.parametrize("checked", [True, False])
async def test_fault_13_selling_what_a_base_fee_took_away_does_not_loop(checked: bool) -> None:
    limits = RiskLimits.model_validate({**UNLIMITED.model_dump(), "check_balance": checked})
    async with floor(venue(taker_fee="0.001", fee_in_base=True), limits=limits) as f:
        tap = Tap(f)
        f.venues[V].truth.ledger._total["BTC"] = Decimal(0)  # type: ignore[attr-defined]  # a spot ledger's
        await f.trade(amount="1", price="101", strategy="best_price")
        await f.wait(5)
        if checked:
            with pytest.raises(RiskDenied, match=r"carries 0.999 BTC of this order's 1 BTC, 0.001 BTC too little"):
                await f.trade("sell", "1", "99", "best_price")
            return
        order = await f.start("sell", "1", "99", "best_price")
        await f.do(order.done(), within_s=300)
        assert len(tap.of("create_order")) <= 1 + 3
        assert order.status is ParentStatus.FAILED
        assert "it needs 1 BTC and 0.999 BTC is free" in order.reason
