"""The ticket's view model: the draft, the preview, and when to ask."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.clock import SimulatedClock
from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
from core.domain.plan import Plan
from gui.ticket.caution import CONFIRM_ABOVE, Question, RecentOrders, in_words, question_for
from gui.ticket.grid import Grid
from gui.ticket.model import Draft, preset_amounts
from gui.ticket.preview import one_line, read_plan
from tests.gui.fakes import SYMBOL, VENUES, FakeDesk, instruments

DRAFT = Draft(
    SYMBOL,
    amount=Decimal("0.5"),
    price=Decimal("61900.00"),
    strategy=ExecutionStrategy.PRICE_OPTIMIZED_LIQUIDITY,
    venues=tuple(VENUES),
)
GRID = Grid(Decimal("0.01"), Decimal("0.00001"), "BTC", "USDT")


def plan_of(draft: Draft) -> Plan:
    engine = FakeDesk().engine
    return engine.preview(engine.request(**draft.arguments(instruments())))


def question(draft: Draft, *, repeated_s: int | None = None, above: Decimal = CONFIRM_ABOVE, plan: Plan | None = None) -> Question | None:
    return question_for(draft, plan or plan_of(draft), GRID, instruments(), above=above, repeated_s=repeated_s)


def test_the_button_says_what_it_does() -> None:
    assert DRAFT.submit_label == "BUY 0.5 BTC · PRICE OPTIMIZED"
    assert replace(DRAFT, side=OrderSide.SELL, amount=Decimal("10.0"), strategy=ExecutionStrategy.TWAP).submit_label == "SELL 10 BTC · TWAP"


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        (replace(DRAFT, amount=None), "Enter an amount."),
        (replace(DRAFT, amount=Decimal(0)), "Enter an amount."),
        (replace(DRAFT, price=None), "Enter a limit price."),
        (replace(DRAFT, price=None, order_type=OrderType.MARKET), ""),
        (replace(DRAFT, fault="Slices: write a plain number."), "Slices: write a plain number."),
        (DRAFT, ""),
    ],
)
def test_what_is_missing_is_said_first(draft: Draft, problem: str) -> None:
    assert draft.problem == problem


def test_no_venue_never_becomes_every_venue() -> None:
    assert replace(DRAFT, venues=()).problem == "Choose at least one venue."


def test_the_include_switches_follow_the_ticked_venues() -> None:
    spot = replace(DRAFT, venues=("binance_spot", "okx_spot")).arguments(instruments())
    assert spot["params"] == {"include_spot": True, "include_perp": False}
    assert spot["exchanges"] == ["binance_spot", "okx_spot"]
    assert DRAFT.arguments(instruments())["params"] == {"include_spot": True, "include_perp": True}


def test_a_market_order_sends_no_price_and_post_only_needs_an_order_that_may_rest() -> None:
    market = replace(DRAFT, order_type=OrderType.MARKET, post_only=True).arguments(instruments())
    assert market["price"] is None
    assert market["post_only"] is False
    assert replace(DRAFT, post_only=True).arguments(instruments())["post_only"] is True
    assert replace(DRAFT, post_only=True, time_in_force=TimeInForce.IOC).arguments(instruments())["post_only"] is False


def test_presets_are_round_and_worth_about_the_same_on_every_symbol() -> None:
    assert [str(amount) for amount in preset_amounts(Decimal(61_837))] == ["0.1", "0.5", "1", "5"]
    assert [int(amount) for amount in preset_amounts(Decimal(3_000))] == [1, 5, 10, 50]
    assert preset_amounts(None) == preset_amounts(Decimal(50_000))


def test_a_small_order_goes_straight_away() -> None:
    assert question(DRAFT) is None


def test_an_order_above_the_threshold_is_confirmed_in_words() -> None:
    asked = question(replace(DRAFT, amount=Decimal(1)))
    assert asked is not None
    assert asked.asks == "Buy 1 BTC at 61,900.00 USDT or lower"
    assert asked.why == ("It is worth 61,900 USDT; you are asked above 50,000.",)
    assert any("on binance_perp, limit 61,900.0" in line for line in asked.plan)


def test_a_threshold_of_zero_confirms_every_order() -> None:
    assert question(DRAFT, above=Decimal(0)) is not None


def test_a_market_order_is_weighed_at_its_expected_average_and_asked_about_without_one() -> None:
    market = replace(DRAFT, order_type=OrderType.MARKET, price=None)
    assert question(market) is None
    asked = question(market, plan=replace(plan_of(market), average_price=None, mid=None))
    assert asked is not None
    assert "worth is unknown" in asked.why[0]
    assert in_words(market, GRID) == "Buy 0.5 BTC at the market"


def test_an_identical_order_within_ten_seconds_is_questioned_whatever_its_size() -> None:
    asked = question(DRAFT, repeated_s=3)
    assert asked is not None
    assert asked.why == ("You sent exactly this order 3 s ago.",)


async def test_only_the_same_order_counts_as_a_repetition_and_only_for_ten_seconds() -> None:
    clock = SimulatedClock()
    recent = RecentOrders(clock)
    recent.remember(DRAFT)
    await clock.advance(4.2)
    assert recent.seconds_since(DRAFT) == 4
    assert recent.seconds_since(replace(DRAFT, amount=Decimal("0.6"))) is None
    await clock.advance(5.8)
    assert recent.seconds_since(DRAFT) is None


def test_a_refused_order_may_be_sent_again_without_a_question() -> None:
    recent = RecentOrders(SimulatedClock())
    recent.remember(DRAFT)
    recent.forget(DRAFT)
    assert recent.seconds_since(DRAFT) is None


def test_prices_in_the_preview_have_their_own_venues_decimals() -> None:
    rows = {row.venue: row for row in read_plan(plan_of(DRAFT), GRID, instruments()).rows}
    assert rows["binance_spot"].price == "61,900.00"
    assert rows["binance_perp"].price == "61,900.0"


def test_amounts_in_the_preview_end_where_they_are_not_worth_a_cent_and_the_note_has_every_digit() -> None:
    venues = {venue: replace(one, lot=Decimal("1e-8")) for venue, one in instruments().items()}
    amount = Decimal("15.98232012")
    plan = plan_of(DRAFT)
    plan = replace(plan, children=tuple(replace(one, amount=amount) for one in plan.children))
    row = read_plan(plan, GRID, venues).rows[0]
    assert row.amount == "15.982320"
    assert row.note.startswith("15.98232012 BTC")


def test_the_preview_has_the_same_figures_with_and_without_a_plan() -> None:
    empty, full = read_plan(None, GRID, {}), read_plan(plan_of(DRAFT), GRID, instruments())
    assert [figure.label for figure in empty.figures] == [figure.label for figure in full.figures]


def test_a_residual_dust_and_an_unusable_venue_warn_but_a_planners_choice_does_not() -> None:
    plan = replace(
        plan_of(DRAFT),
        unallocated=Decimal("0.2001"),
        dust=Decimal("0.0001"),
        left_out={"okx_spot": "its book is stale", "kraken_spot": "not needed: other venues are cheaper."},
        notes=("8 slices.",),
    )
    shown = read_plan(plan, GRID, instruments(), unusable={"okx_spot"})
    assert shown.warnings == (
        "okx_spot is left out: its book is stale.",
        "0.0001 BTC is too small for any venue.",
        "0.2 BTC has no venue at this price.",
    )
    assert shown.remarks == ("8 slices.",)
    assert shown.unused == ("kraken_spot is left out: not needed: other venues are cheaper.",)


def test_a_working_algo_says_how_long_it_takes_and_what_comes_later() -> None:
    plan = replace(plan_of(DRAFT), duration_s=300.0, slices=10, scheduled=Decimal("0.45"))
    texts = {figure.label: figure.text for figure in read_plan(plan, GRID, instruments()).figures}
    assert texts["Duration"] == "5 m · 10 slices"
    assert texts["Scheduled"] == "0.45 BTC"
    assert one_line(plan, GRID).startswith("6 orders now, 10 slices · avg 61,837.70")
