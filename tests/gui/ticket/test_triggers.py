"""The ticket's triggers, expiry and perp options, as a trader meets them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from core.domain.enums import OrderSide, OrderType, TimeInForce
from gui.ticket.caution import in_words
from gui.ticket.grid import Grid
from gui.ticket.model import WATCHED, Draft, notional
from gui.ticket.number_edit import NumberEdit
from gui.ticket.widget import TicketWidget
from tests.gui.fakes import SYMBOL, VENUES, FakeDesk, instruments

GRID = Grid(Decimal("0.01"), Decimal("0.00001"), "BTC", "USDT")
STOP = Draft(
    SYMBOL,
    side=OrderSide.SELL,
    order_type=OrderType.STOP,
    amount=Decimal("0.5"),
    trigger_price=Decimal(61000),
    venues=tuple(VENUES),
)
TRIGGERS = [kind for kind in OrderType if kind.waits]


def write(edit: NumberEdit, text: str) -> None:
    edit.selectAll()
    QTest.keyClicks(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def choose_time(ticket: TicketWidget, time_in_force: TimeInForce) -> None:
    box = ticket.terms.time_in_force
    box.setCurrentIndex(box.findData(time_in_force))


# -- the view model ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        (STOP, ""),
        (replace(STOP, trigger_price=None), "Enter a trigger price."),
        (replace(STOP, order_type=OrderType.STOP_LIMIT), "Enter a limit price."),
        (replace(STOP, order_type=OrderType.TRAILING_STOP, trigger_price=None), "Enter a trail in percent."),
        (replace(STOP, time_in_force=TimeInForce.GTD), "Enter after how long the order expires."),
        (replace(STOP, time_in_force=TimeInForce.GTD, expires_in=Decimal(300)), ""),
    ],
)
def test_what_a_waiting_order_lacks_is_said_first(draft: Draft, problem: str) -> None:
    assert draft.problem == problem


def test_each_type_asks_the_engine_for_its_own_fields_and_no_others() -> None:
    full = replace(STOP, price=Decimal(60950), trail_percent=Decimal("1.5"))
    asked = {kind: replace(full, order_type=kind).arguments(instruments()) for kind in OrderType}
    assert (asked[OrderType.STOP]["trigger_price"], asked[OrderType.STOP]["price"]) == (Decimal(61000), None)
    assert (asked[OrderType.STOP_LIMIT]["trigger_price"], asked[OrderType.STOP_LIMIT]["price"]) == (Decimal(61000), Decimal(60950))
    assert asked[OrderType.TRAILING_STOP]["trail_percent"] == Decimal("1.5")
    assert "trigger_price" not in asked[OrderType.TRAILING_STOP] | asked[OrderType.LIMIT] | asked[OrderType.MARKET]
    assert "trail_percent" not in asked[OrderType.STOP] | asked[OrderType.LIMIT]


def test_margin_and_reduce_only_are_asked_of_perps_only() -> None:
    draft = replace(STOP, reduce_only=True, leverage=5, margin_mode="isolated")
    asked = draft.arguments(instruments())
    assert (asked["reduce_only"], asked["leverage"], asked["margin_mode"]) == (True, 5, "isolated")
    assert not {"reduce_only", "leverage", "margin_mode"} & replace(draft, venues=("okx_spot",)).arguments(instruments()).keys()


def test_the_button_and_the_question_name_the_trigger() -> None:
    assert STOP.submit_label == "SELL STOP 0.5 BTC · BEST PRICE"
    assert in_words(STOP, GRID) == "Sell 0.5 BTC at the market once the best bid falls to 61,000.00"
    buying = replace(STOP, side=OrderSide.BUY, order_type=OrderType.TAKE_PROFIT_LIMIT, price=Decimal(61000))
    assert in_words(buying, GRID) == "Buy 0.5 BTC at 61,000.00 USDT or lower once the best ask falls to 61,000.00"
    trailing = replace(STOP, order_type=OrderType.TRAILING_STOP, trigger_price=None, trail_percent=Decimal("1.5"))
    assert in_words(trailing, GRID) == "Sell 0.5 BTC at the market once the best bid turns by 1.5 %"


def test_a_stop_is_weighed_at_its_trigger() -> None:
    assert notional(STOP, None, None) == Decimal(30500)


# -- the widget -------------------------------------------------------------------------------------


async def test_a_stop_is_typed_and_sent(ticket: TicketWidget, desk: FakeDesk) -> None:
    ticket.entry.side.choose(OrderSide.SELL)
    ticket.entry.order_type.choose(OrderType.STOP)
    write(ticket.entry.amount, "0.5")
    write(ticket.entry.trigger, "61000")
    assert ticket.foot.submit.text() == "SELL STOP 0.5 BTC · BEST PRICE"
    QTest.keyClick(ticket.entry.trigger, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    for _ in range(10):
        await asyncio.sleep(0)
    (sent,) = desk.engine.executed
    assert (sent.order_type, sent.trigger_price, sent.price) == (OrderType.STOP, Decimal(61000), None)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (OrderType.LIMIT, {"price"}),
        (OrderType.MARKET, {"price"}),
        (OrderType.STOP, {"trigger"}),
        (OrderType.STOP_LIMIT, {"trigger", "price"}),
        (OrderType.TAKE_PROFIT, {"trigger"}),
        (OrderType.TAKE_PROFIT_LIMIT, {"trigger", "price"}),
        (OrderType.TRAILING_STOP, {"trail"}),
    ],
)
async def test_each_type_shows_the_prices_it_needs(ticket: TicketWidget, kind: OrderType, shown: set[str]) -> None:
    ticket.entry.order_type.choose(kind)
    assert {name for name in ("price", "trigger", "trail") if getattr(ticket.entry, name).isVisible()} == shown
    assert ticket.entry.price.isEnabled() is (kind.once_fired is OrderType.LIMIT)


async def test_nothing_moves_when_the_type_the_time_or_the_venues_change(ticket: TicketWidget) -> None:
    ticket.resize(340, 900)
    ticket.refresh()
    parts = (
        ticket.entry.amount,
        ticket.terms.post_only,
        ticket.terms.reduce_only,
        ticket.strategy,
        ticket.venues,
        ticket.margin,
        ticket.preview,
        ticket.foot.submit,
    )

    def places() -> list[QPoint]:
        layout = ticket.layout()
        assert layout is not None
        layout.activate()
        return [part.mapTo(ticket, QPoint()) for part in parts]

    before = places()
    for kind in OrderType:
        ticket.entry.order_type.choose(kind)
        assert places() == before, kind
    for time_in_force in (TimeInForce.GTD, TimeInForce.IOC):
        choose_time(ticket, time_in_force)
        assert places() == before, time_in_force
    ticket.venues.choose(["okx_spot"])
    assert places() == before


async def test_the_ticket_says_that_a_trigger_and_an_expiry_need_the_program(ticket: TicketWidget) -> None:
    assert ticket.entry.hint == ""
    ticket.entry.order_type.choose(OrderType.STOP)
    assert ticket.entry.hint == WATCHED
    ticket.entry.order_type.choose(OrderType.LIMIT)
    assert ticket.entry.hint == ""
    choose_time(ticket, TimeInForce.GTD)
    assert ticket.entry.hint == WATCHED


async def test_an_expiry_is_typed_in_words_and_asked_in_seconds(ticket: TicketWidget) -> None:
    assert not ticket.terms.expires_in.isVisible()
    choose_time(ticket, TimeInForce.GTD)
    assert ticket.terms.expires_in.isVisible()
    write(ticket.entry.amount, "0.5")
    write(ticket.entry.price, "61900")
    assert ticket.foot.sentence == "Enter after how long the order expires."
    write(ticket.terms.expires_in, "90")
    assert ticket.terms.expires_in.text() == "1 m 30 s"
    assert ticket.draft.arguments(instruments())["expires_in"] == 90.0
    write(ticket.terms.expires_in, "soon")
    assert ticket.foot.sentence == "Expiry: write it like 90 s, 5 m or 1 h 30 m."
    assert not ticket.foot.submit.isEnabled()


async def test_what_an_order_can_not_have_is_greyed(ticket: TicketWidget) -> None:
    ticket.entry.order_type.choose(OrderType.STOP)
    assert not ticket.terms.post_only.isEnabled()
    assert ticket.terms.time_in_force.isEnabled()
    ticket.entry.order_type.choose(OrderType.STOP_LIMIT)
    assert ticket.terms.post_only.isEnabled()
    choose_time(ticket, TimeInForce.FOK)
    assert not ticket.terms.post_only.isEnabled()
    ticket.entry.order_type.choose(OrderType.MARKET)
    assert not ticket.terms.time_in_force.isEnabled()


async def test_perp_options_work_while_a_perp_is_ticked_and_count_for_nothing_otherwise(ticket: TicketWidget) -> None:
    ticket.terms.reduce_only.setChecked(True)
    write(ticket.margin.leverage, "5")
    ticket.margin.mode.setCurrentIndex(ticket.margin.mode.findData("isolated"))
    assert (ticket.draft.reduce_only, ticket.draft.leverage, ticket.draft.margin_mode) == (True, 5, "isolated")
    ticket.venues.choose(["binance_spot", "okx_spot"])
    assert not ticket.terms.reduce_only.isEnabled()
    assert not ticket.margin.isEnabled()
    assert (ticket.draft.reduce_only, ticket.draft.leverage, ticket.draft.margin_mode) == (False, None, None)


async def test_a_leverage_is_a_whole_number(ticket: TicketWidget) -> None:
    write(ticket.entry.amount, "0.5")
    write(ticket.entry.price, "61900")
    write(ticket.margin.leverage, "2.5")
    assert ticket.foot.sentence == "The leverage is a whole number of 1 or more."
    write(ticket.margin.leverage, "3x")
    assert ticket.draft.leverage == 3


async def test_a_click_in_the_chart_sets_the_trigger_of_an_order_that_has_one(ticket: TicketWidget) -> None:
    ticket.entry.order_type.choose(OrderType.STOP_LIMIT)
    ticket.set_price(Decimal(61000))
    assert (ticket.draft.order_type, ticket.draft.trigger_price) == (OrderType.STOP_LIMIT, Decimal(61000))
    ticket.entry.order_type.choose(OrderType.TRAILING_STOP)
    ticket.set_price(Decimal(61000))
    assert (ticket.draft.order_type, ticket.draft.price) == (OrderType.LIMIT, Decimal(61000))


async def test_a_trigger_snaps_so_that_it_never_fires_a_tick_early(ticket: TicketWidget) -> None:
    ticket.entry.order_type.choose(OrderType.STOP)
    write(ticket.entry.trigger, "62000.001")
    assert ticket.entry.trigger.value == Decimal("62000.01")
    ticket.entry.order_type.choose(OrderType.TAKE_PROFIT)
    write(ticket.entry.trigger, "61000.009")
    assert ticket.entry.trigger.value == Decimal("61000.00")


async def test_the_third_segment_remembers_the_trigger_chosen_last(ticket: TicketWidget) -> None:
    ticket.entry.order_type.choose(OrderType.TRAILING_STOP)
    ticket.entry.order_type.choose(OrderType.LIMIT)
    assert ticket.entry.order_type.triggers.text() == "Trailing stop ▾"
    assert ticket.entry.order_type.value is OrderType.LIMIT


async def test_a_trigger_menu_put_away_unchosen_leaves_the_type_as_it_was(ticket: TicketWidget) -> None:
    chooser = ticket.entry.order_type
    chooser.triggers.setChecked(True)
    menu = chooser.triggers.menu()
    assert menu is not None
    menu.aboutToHide.emit()
    assert not chooser.triggers.isChecked()
    assert chooser.value is OrderType.LIMIT


@pytest.mark.parametrize("kind", TRIGGERS)
async def test_the_ticket_fits_its_340_pixels_with_every_type(ticket: TicketWidget, kind: OrderType) -> None:
    ticket.entry.order_type.choose(kind)
    choose_time(ticket, TimeInForce.GTD)
    for part in (ticket.entry, ticket.terms, ticket.margin):
        assert part.minimumSizeHint().width() <= 340 - 2 * 8 - 9  # the margins and the scroll bar
