"""Balances and orders that are not ours: up to date while looked at, and still under the trader's eye."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QTableView

from core.desk.foreign import ForeignOrder
from core.desk.holdings import Holding, HoldingKind, holdings
from core.domain.enums import OrderSide
from core.exchanges.connector import Balance
from core.execution.risk.funds import AccountWords
from gui.blotter.lists import PlainModel
from gui.blotter.widget import BlotterWidget
from tests.gui.fakes import START_US, SYMBOL, FakeDesk

USDT = Holding("binance_spot", HoldingKind.BALANCE, "USDT", Decimal("1000.5"), Decimal("900.5"), START_US)
BTC = Holding("binance_spot", HoldingKind.BALANCE, "BTC", Decimal(2), Decimal(2), START_US)
SHORT = Holding("binance_perp", HoldingKind.POSITION, SYMBOL, Decimal("-0.5"), None, START_US)
BY_HAND = ForeignOrder("binance_spot", SYMBOL, "771", OrderSide.SELL, Decimal("62000.5"), Decimal(1), Decimal(0))


def texts(model: PlainModel[Holding] | PlainModel[ForeignOrder]) -> list[list[str]]:
    return [[str(model.index(row, column).data()) for column in range(model.columnCount())] for row in range(model.rowCount())]


def test_a_venue_lists_positions_first_then_the_currencies_that_are_traded() -> None:
    def balance(currency: str, total: str) -> Balance:
        return Balance(currency, Decimal(total), Decimal(total))

    words = AccountWords(
        {"ADA": balance("ADA", "5"), "DUST": balance("DUST", "0"), "USDT": balance("USDT", "9"), "BTC": balance("BTC", "1")},
        {"ETH/USDT": Decimal(3), SYMBOL: Decimal(-1), "XRP/USDT": Decimal(0)},
        START_US,
    )
    assert [one.name for one in holdings({"binance_perp": words}, SYMBOL)] == [SYMBOL, "ETH/USDT", "BTC", "USDT", "ADA"]


def test_balances_show_what_orders_hold_and_which_way_a_position_is(blotter: BlotterWidget, desk: FakeDesk) -> None:
    desk.held = [SHORT, USDT]
    blotter.chooser.chosen.emit("Balances")
    assert [row[:6] for row in texts(blotter.balances.model)] == [
        ["binance_perp", "position", SYMBOL, "−0.50000000", "", ""],
        ["binance_spot", "balance", "USDT", "1,000.50000000", "900.50000000", "100.00000000"],
    ]
    assert desk.asked_for_holdings > 0


def test_nobody_is_asked_while_nobody_looks(blotter: BlotterWidget, desk: FakeDesk) -> None:
    assert desk.asked_for_holdings == 0
    blotter.chooser.chosen.emit("Balances")
    assert blotter.balances._timer.isActive()
    blotter.chooser.chosen.emit("Orders")
    assert not blotter.balances._timer.isActive()


def test_a_selection_stays_on_its_row_when_others_come_and_go(blotter: BlotterWidget, desk: FakeDesk) -> None:
    desk.held = [SHORT, USDT]
    blotter.chooser.chosen.emit("Balances")
    table = blotter.balances.findChild(QTableView)
    assert table is not None
    table.selectRow(1)
    desk.held = [replace(SHORT, total=Decimal(-1)), BTC, replace(USDT, total=Decimal(7))]
    blotter.balances.look()
    assert [index.data() for index in table.selectionModel().selectedRows(2)] == ["USDT"]
    desk.held = [replace(USDT, total=Decimal(7))]
    blotter.balances.look()
    assert [index.data() for index in table.selectionModel().selectedRows(3)] == ["7.00000000"]


def test_orders_that_are_not_ours_are_shown_apart(blotter: BlotterWidget, desk: FakeDesk) -> None:
    desk.foreign = [BY_HAND, replace(BY_HAND, venue_order_id="772", side=OrderSide.BUY)]
    blotter.chooser.chosen.emit("Not ours")
    rows = texts(blotter.foreign.model)
    assert [(row[0], row[2], row[6]) for row in rows] == [("binance_spot", "▼ SELL", "771"), ("binance_spot", "▲ BUY", "772")]
    assert rows[0][3].startswith("62,000.5")
    assert blotter.orders.rowCount() == 0


def test_an_empty_table_says_why(blotter: BlotterWidget) -> None:
    blotter.chooser.chosen.emit("Not ours")
    assert "No order on your accounts" in blotter.foreign._empty.text()
    assert blotter.foreign._empty.isVisible()


def test_the_model_keeps_qts_rules(blotter: BlotterWidget, desk: FakeDesk) -> None:
    tester = QAbstractItemModelTester(blotter.balances.model, QAbstractItemModelTester.FailureReportingMode.Warning)
    for held in ([USDT], [SHORT, BTC, USDT], [BTC], [], [SHORT, USDT]):
        desk.held = held
        blotter.balances.look()
    assert tester.model() is blotter.balances.model
