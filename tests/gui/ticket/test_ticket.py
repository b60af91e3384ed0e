"""The ticket as a trader meets it: typing, stepping, ticking, sending."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.domain.clock import SimulatedClock
from core.domain.enums import ExecutionStrategy, OrderSide, OrderType, TimeInForce
from core.domain.errors import RiskDenied
from core.domain.market import BookState
from gui.ticket.confirm import ConfirmDialog
from gui.ticket.grid import parse_number
from gui.ticket.number_edit import NumberEdit, NumberRules
from gui.ticket.venues import Density, density_for
from gui.ticket.widget import TicketWidget
from tests.gui.fakes import ASK, BID, FakeDesk

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def write(edit: NumberEdit, text: str) -> None:
    edit.selectAll()
    QTest.keyClicks(edit, text)


def fill_in(ticket: TicketWidget, amount: str = "0.5", price: str = "61900") -> None:
    write(ticket.entry.amount, amount)
    QTest.keyClick(ticket.entry.amount, Qt.Key.Key_Return)
    write(ticket.entry.price, price)
    QTest.keyClick(ticket.entry.price, Qt.Key.Key_Return)


def choose(ticket: TicketWidget, strategy: ExecutionStrategy) -> None:
    ticket.strategy.choose(strategy)


async def turns() -> None:
    """Let tasks run until they wait for the trader."""
    for _ in range(10):
        await asyncio.sleep(0)


def dialog_of(ticket: TicketWidget) -> ConfirmDialog | None:
    return next((one for one in ticket.findChildren(ConfirmDialog) if one.isVisible()), None)


async def test_an_order_is_typed_previewed_and_sent_with_ctrl_enter(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    assert ticket.foot.submit.text() == "BUY 0.5 BTC · BEST PRICE"
    assert len(ticket.preview.preview.rows) == 6
    QTest.keyClick(ticket.entry.price, Qt.Key.Key_Return, CTRL)
    await turns()
    (sent,) = desk.engine.executed
    assert (sent.side, sent.amount, sent.price, sent.time_in_force) == (OrderSide.BUY, Decimal("0.5"), Decimal("61900.00"), TimeInForce.GTC)


async def test_the_button_follows_every_keystroke(ticket: TicketWidget) -> None:
    QTest.keyClicks(ticket.entry.amount, "1.2")
    assert ticket.foot.submit.text() == "BUY 1.2 BTC · BEST PRICE"
    assert ticket.entry.amount.text() == "1.2"


async def test_ctrl_enter_in_the_middle_of_typing_sends_what_the_button_says(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    write(ticket.entry.amount, "0.25")
    said = ticket.foot.submit.text()
    QTest.keyClick(ticket.entry.amount, Qt.Key.Key_Return, CTRL)
    await turns()
    assert said == "BUY 0.25 BTC · BEST PRICE"
    assert [sent.amount for sent in desk.engine.executed] == [Decimal("0.25")]


async def test_enter_in_a_field_refreshes_the_preview_and_sends_nothing(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    before = desk.engine.previews
    QTest.keyClick(ticket.entry.amount, Qt.Key.Key_Return)
    await turns()
    assert desk.engine.previews > before
    assert not desk.engine.executed


async def test_a_price_snaps_when_editing_ends_and_says_so(ticket: TicketWidget) -> None:
    write(ticket.entry.price, "61900.019")
    assert ticket.entry.price.text() == "61900.019"
    QTest.keyClick(ticket.entry.price, Qt.Key.Key_Return)
    assert ticket.entry.price.text() == "61,900.01"
    assert ticket.entry.hint == "Price rounded down to 61900.01, step 0.01"


async def test_a_sell_price_snaps_up(ticket: TicketWidget) -> None:
    ticket.entry.side.choose(OrderSide.SELL)
    write(ticket.entry.price, "61900.011")
    QTest.keyClick(ticket.entry.price, Qt.Key.Key_Return)
    assert ticket.entry.price.text() == "61,900.02"


async def test_arrows_step_a_tick_with_shift_ten_and_page_keys_a_hundred(ticket: TicketWidget) -> None:
    price = ticket.entry.price
    ticket.set_price(Decimal("61900.00"))
    QTest.keyClick(price, Qt.Key.Key_Up)
    assert price.value == Decimal("61900.01")
    QTest.keyClick(price, Qt.Key.Key_Down, SHIFT)
    assert price.value == Decimal("61899.91")
    QTest.keyClick(price, Qt.Key.Key_PageUp)
    assert price.value == Decimal("61900.91")


async def test_stepping_an_empty_price_begins_at_the_touch(ticket: TicketWidget) -> None:
    ticket.refresh()
    ticket.entry.price.clear()
    ticket.entry.price.textEdited.emit("")
    QTest.keyClick(ticket.entry.price, Qt.Key.Key_Up)
    assert ticket.entry.price.value == ASK


async def test_the_touch_is_suggested_as_the_price_until_the_trader_writes_one(ticket: TicketWidget) -> None:
    ticket.refresh()
    price = ticket.entry.price
    assert (ticket.draft.price, price.suggested, price.font().italic()) == (ASK, "best ask", True)
    ticket.entry.side.choose(OrderSide.SELL)
    assert (ticket.draft.price, price.suggested) == (BID, "best bid")
    write(price, "61900")
    ticket.entry.side.choose(OrderSide.BUY)
    ticket.refresh()
    assert (ticket.draft.price, price.suggested, price.font().italic()) == (Decimal("61900.00"), "", False)


async def test_typing_an_amount_first_needs_no_price_and_the_suggestion_stands_still(ticket: TicketWidget) -> None:
    ticket.refresh()
    write(ticket.entry.amount, "0.5")
    ticket.refresh()
    assert ticket.foot.submit.isEnabled()
    ticket.entry.set_touches(BID - 10, ASK + 10)
    assert ticket.draft.price == ASK


async def test_an_emptied_price_stays_empty(ticket: TicketWidget) -> None:
    ticket.refresh()
    ticket.entry.price.clear()
    ticket.entry.price.textEdited.emit("")
    ticket.refresh()
    assert (ticket.entry.price.text(), ticket.entry.price.placeholderText()) == ("", "")


async def test_separators_go_while_one_types_and_come_back(ticket: TicketWidget, qtbot: QtBot) -> None:
    ticket.set_price(Decimal("61900.00"))
    price = ticket.entry.price
    assert price.text() == "61,900.00"
    price.setFocus()
    qtbot.waitUntil(price.hasFocus)
    assert price.text() == "61900.00"
    QTest.keyClick(price, Qt.Key.Key_Up)
    assert price.text() == "61900.01"
    ticket.entry.amount.setFocus()
    assert (price.text(), price.value) == ("61,900.01", Decimal("61900.01"))


async def test_a_price_without_decimals_reads_back_what_it_wrote(qtbot: QtBot) -> None:
    edit = NumberEdit(NumberRules("Price", lambda text: parse_number(text, "price"), lambda value: f"{value:,.0f}", Decimal(1)))
    qtbot.addWidget(edit)
    edit.set_value(Decimal(61900))
    edit.settle()
    assert (edit.text(), edit.value, edit.fault) == ("61,900", Decimal(61900), "")


async def test_a_negative_amount_is_no_name_for_an_order(ticket: TicketWidget) -> None:
    write(ticket.entry.amount, "-1")
    assert ticket.foot.submit.text() == "BUY BTC · BEST PRICE"
    assert ticket.foot.sentence.startswith("The amount must be above zero")
    assert not ticket.foot.submit.isEnabled()


@pytest.mark.parametrize("height", [500, 620, 800])
async def test_the_figures_are_in_sight_at_any_height(ticket: TicketWidget, height: int) -> None:
    choose(ticket, ExecutionStrategy.TWAP)
    ticket.resize(340, height)
    QApplication.processEvents()
    figures = ticket.foot.figures
    assert figures.isVisible()
    assert ticket.rect().contains(figures.geometry().translated(ticket.foot.pos()))
    assert ticket.venues.folded == ticket.margin.isHidden() == (height == 500)


async def test_the_list_of_venues_opens_by_hand_where_it_was_folded(ticket: TicketWidget) -> None:
    ticket.resize(340, 500)
    assert ticket.venues.head.text() == "▸ Venues 6/6"
    ticket.margin.leverage.set_value(Decimal(5))
    assert ticket.venues.head.text() == "▸ Venues 6/6 · 5×"
    ticket.venues.head.click()
    assert ticket.venues.head.text() == "▾ Venues 6/6"
    assert ticket.venues.box("kraken_spot").isVisible()


@pytest.mark.parametrize(
    ("venues", "lines", "density"),
    [(6, 6, Density.FULL), (6, 3, Density.PAIRS), (7, 3, Density.FOLDED), (10, 5, Density.PAIRS), (6, 0, Density.FOLDED)],
)
def test_venues_take_the_room_there_is(venues: int, lines: int, density: Density) -> None:
    assert density_for(venues, lines) is density


def turn_wheel(widget: QWidget) -> None:
    at = QPointF(5, 5)
    event = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(widget, event)


async def test_the_wheel_changes_only_the_focused_field(ticket: TicketWidget) -> None:
    ticket.activateWindow()
    ticket.set_price(Decimal("61900.00"))
    ticket.entry.amount.setFocus()
    turn_wheel(ticket.entry.price)
    assert ticket.entry.price.value == Decimal("61900.00")
    ticket.entry.price.setFocus()
    turn_wheel(ticket.entry.price)
    assert ticket.entry.price.value == Decimal("61900.01")


async def test_esc_takes_back_what_was_typed_and_nothing_else(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    write(ticket.entry.amount, "7")
    QTest.keyClick(ticket.entry.amount, Qt.Key.Key_Escape)
    assert ticket.entry.amount.text() == "0.5"
    assert ticket.draft.amount == Decimal("0.5")


async def test_a_number_that_could_mean_two_disables_the_button(ticket: TicketWidget) -> None:
    fill_in(ticket, amount="1,500")
    assert "point for decimals" in ticket.foot.sentence
    assert not ticket.foot.submit.isEnabled()
    assert ticket.entry.amount.property("invalid") is True


async def test_a_refused_price_is_one_sentence_in_the_slot(ticket: TicketWidget) -> None:
    fill_in(ticket, price="6190000")
    assert ticket.foot.sentence == "The price is far off the market."
    assert ticket.foot.tone == "error"
    assert not ticket.foot.submit.isEnabled()
    assert ticket.plan is None


async def test_a_blocking_plan_disables_the_button_and_a_warning_does_not(ticket: TicketWidget, desk: FakeDesk) -> None:
    desk.engine.shape = lambda plan: replace(plan, blocking="No venue has a usable book right now.", children=())
    fill_in(ticket)
    assert ticket.foot.sentence == "No venue has a usable book right now."
    assert not ticket.foot.submit.isEnabled()
    desk.engine.shape = lambda plan: replace(plan, unallocated=Decimal("0.1"))
    ticket.refresh()
    assert "0.1 BTC has no venue at this price." in ticket.foot.sentence
    assert ticket.foot.tone == "warn"
    assert ticket.foot.submit.isEnabled()


async def test_the_preview_is_planned_again_only_when_something_changed(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    ticket._bridge.preview_tick.emit()
    before = desk.engine.previews
    ticket._bridge.preview_tick.emit()
    assert desk.engine.previews == before
    desk.orderbooks.versions += 1
    ticket._bridge.preview_tick.emit()
    assert desk.engine.previews == before + 1
    desk.states["okx_spot"] = BookState.STALE
    ticket._bridge.preview_tick.emit()
    assert desk.engine.previews == before + 2


async def test_a_hidden_ticket_plans_nothing(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    ticket.hide()
    before = desk.engine.previews
    desk.orderbooks.versions += 1
    ticket._bridge.preview_tick.emit()
    assert desk.engine.previews == before


async def test_no_venue_ticked_sends_nothing_and_says_why(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    ticket.venues.choose([])
    assert ticket.foot.sentence == "Choose at least one venue."
    QTest.keyClick(ticket.entry.price, Qt.Key.Key_Return, CTRL)
    await turns()
    assert not desk.engine.executed


async def test_ticking_venues_tells_the_chart_and_narrows_the_grid(ticket: TicketWidget, qtbot: QtBot) -> None:
    ticket.set_price(Decimal("61900.05"))
    with qtbot.waitSignal(ticket.venues_changed) as told:
        ticket.venues.choose(["binance_perp", "bybit_perp"])
    assert told.args == [("binance_perp", "bybit_perp")]
    assert ticket.entry.price.text() == "61,900.0"


async def test_a_stale_venue_says_so_in_words(ticket: TicketWidget, desk: FakeDesk) -> None:
    desk.states["okx_spot"] = BookState.STALE
    ticket.refresh()
    assert ticket.venues._rows["okx_spot"]._touch.text() == "stale"
    assert ticket.venues._rows["binance_spot"]._touch.text() == "61,837.70"


async def test_each_strategy_keeps_what_was_entered_in_its_form(ticket: TicketWidget) -> None:
    choose(ticket, ExecutionStrategy.TWAP)
    duration = ticket.form.editor("duration")
    assert isinstance(duration, NumberEdit)
    assert duration.text() == "5 m"
    write(duration, "90")
    QTest.keyClick(duration, Qt.Key.Key_Return)
    assert duration.text() == "1 m 30 s"
    choose(ticket, ExecutionStrategy.BEST_PRICE)
    assert ticket.draft.params == {}
    choose(ticket, ExecutionStrategy.TWAP)
    assert ticket.draft.params["duration"] == 90.0


async def test_contradicting_parameters_disable_the_button(ticket: TicketWidget) -> None:
    fill_in(ticket)
    choose(ticket, ExecutionStrategy.TWAP)
    for name, text in (("slices", "5"), ("interval", "10")):
        editor = ticket.form.editor(name)
        assert isinstance(editor, NumberEdit)
        write(editor, text)
    assert ticket.foot.sentence == "Give slices or interval, not both."
    assert not ticket.foot.submit.isEnabled()


async def test_a_market_order_needs_no_price_and_a_click_in_the_chart_makes_it_a_limit(ticket: TicketWidget) -> None:
    ticket.entry.order_type.choose(OrderType.MARKET)
    ticket.set_amount(Decimal("0.5"))
    ticket.refresh()
    assert not ticket.entry.price.isEnabled()
    assert ticket.foot.submit.isEnabled()
    ticket.set_price(BID)
    assert ticket.draft.order_type is OrderType.LIMIT
    assert ticket.draft.price == BID


async def test_an_order_above_the_threshold_waits_for_the_answer(ticket: TicketWidget, desk: FakeDesk, qtbot: QtBot) -> None:
    fill_in(ticket, amount="2")
    ticket.foot.submit.click()
    await turns()
    dialog = dialog_of(ticket)
    assert dialog is not None
    assert not desk.engine.executed
    qtbot.waitUntil(dialog.confirm.isEnabled)
    dialog.confirm.click()
    await turns()
    assert [sent.amount for sent in desk.engine.executed] == [Decimal(2)]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
async def test_plain_enter_and_esc_in_the_confirmation_go_back(ticket: TicketWidget, desk: FakeDesk, qtbot: QtBot, key: Qt.Key) -> None:
    fill_in(ticket, amount="2")
    ticket.foot.submit.click()
    await turns()
    dialog = dialog_of(ticket)
    assert dialog is not None
    qtbot.waitUntil(dialog.confirm.isEnabled)
    QTest.keyClick(dialog, key)
    await turns()
    assert not desk.engine.executed
    assert ticket.foot.submit.isEnabled()


async def test_a_double_press_of_ctrl_enter_does_not_confirm_unread(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket, amount="2")
    QTest.keyClick(ticket.entry.price, Qt.Key.Key_Return, CTRL)
    await turns()
    dialog = dialog_of(ticket)
    assert dialog is not None
    QTest.keyClick(dialog, Qt.Key.Key_Return, CTRL)
    await turns()
    assert not desk.engine.executed
    dialog.reject()
    await turns()


async def test_the_same_order_twice_is_questioned_until_ten_seconds_have_passed(
    ticket: TicketWidget, desk: FakeDesk, human_clock: SimulatedClock
) -> None:
    fill_in(ticket)
    ticket.foot.submit.click()
    await turns()
    ticket.foot.submit.click()
    await turns()
    dialog = dialog_of(ticket)
    assert dialog is not None
    dialog.reject()
    await turns()
    assert len(desk.engine.executed) == 1
    await human_clock.advance(10)
    ticket.foot.submit.click()
    await turns()
    assert len(desk.engine.executed) == 2


async def test_a_refusal_stays_in_the_slot_until_the_order_changes(ticket: TicketWidget, desk: FakeDesk) -> None:
    fill_in(ticket)
    desk.engine.refusal = RiskDenied("The order is over the limit of 1 BTC.")
    ticket.foot.submit.click()
    await turns()
    assert ticket.foot.sentence == "The order is over the limit of 1 BTC."
    QTest.keyClick(ticket.entry.amount, Qt.Key.Key_Up)
    assert ticket.foot.sentence != "The order is over the limit of 1 BTC."


async def test_another_symbol_empties_the_amount_and_suggests_its_own_price(ticket: TicketWidget) -> None:
    fill_in(ticket)
    ticket.set_symbol("ETH/USDT")
    assert (ticket.draft.amount, ticket.entry.price.suggested) == (None, "best ask")
    assert ticket.foot.submit.text() == "BUY ETH · BEST PRICE"


async def test_the_button_stays_in_view_in_a_low_window(ticket: TicketWidget) -> None:
    ticket.resize(340, 380)
    button = ticket.foot.submit
    assert button.isVisible()
    assert ticket.rect().contains(button.geometry().translated(ticket.foot.pos()))


async def test_nothing_moves_when_the_plan_or_the_sentence_changes(ticket: TicketWidget, desk: FakeDesk) -> None:
    ticket.refresh()
    places = [part.mapTo(ticket, QPoint()) for part in (ticket.venues, ticket.preview, ticket.foot.submit)]
    fill_in(ticket)
    fill_in(ticket, price="6190000")
    assert [part.mapTo(ticket, QPoint()) for part in (ticket.venues, ticket.preview, ticket.foot.submit)] == places
