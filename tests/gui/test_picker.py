"""The symbol in the top bar, by hand: type, arrow, Enter, Esc."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.picker import SymbolPicker
from gui.theme import Theme

SYMBOLS = ["BTC/EUR", "BTC/USDT", "DOGE/USDT", "ETH/BTC", "ETH/USDT", "SOL/USDT"]


def _focused() -> QWidget:
    """Where a key goes."""
    focused = QApplication.focusWidget()
    assert focused is not None
    return focused


class Bench:
    """A picker beside another field, and what it has emitted."""

    def __init__(self, theme: Theme, qtbot: QtBot) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        column = QVBoxLayout(self.window)
        self.picker = SymbolPicker(theme, "BTC/USDT", self.window)
        self.elsewhere = QLineEdit()
        column.addWidget(self.picker)
        column.addWidget(self.elsewhere)
        self.picker.set_symbols(SYMBOLS)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        self.chosen: list[str] = []
        self.picker.symbol_chosen.connect(self.chosen.append)
        edit = self.picker.lineEdit()
        assert edit is not None
        self.edit = edit

    def type(self, text: str) -> None:
        self.picker.search()
        for letter in text:
            popup = self.picker.popup
            QTest.keyClicks(popup if popup.isVisible() else _focused(), letter)

    def press(self, key: Qt.Key) -> None:
        """Where the keyboard goes: to the list while it is open, as a window system sends it."""
        popup = self.picker.popup
        QTest.keyClick(popup if popup.isVisible() else _focused(), key)


@pytest.fixture
def bench(theme: Theme, qtbot: QtBot) -> Bench:
    return Bench(theme, qtbot)


def test_typing_a_part_and_enter_chooses_the_best(bench: Bench) -> None:
    bench.type("sol")
    assert bench.picker.offers == ["SOL/USDT"]
    bench.press(Qt.Key.Key_Return)
    assert bench.chosen == ["SOL/USDT"]
    assert bench.edit.text() == bench.picker.current == "SOL/USDT"


def test_an_arrow_chooses_the_next_best(bench: Bench) -> None:
    bench.type("eth")
    assert bench.picker.offers == ["ETH/BTC", "ETH/USDT"]
    bench.press(Qt.Key.Key_Down)
    bench.press(Qt.Key.Key_Return)
    assert bench.chosen == ["ETH/USDT"]


def test_a_click_in_the_list_chooses(bench: Bench) -> None:
    bench.type("doge")
    popup = bench.picker.popup
    spot = popup.visualRect(popup.model().index(0, 0)).center()
    QTest.mouseClick(popup.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert bench.chosen == ["DOGE/USDT"]


def test_opened_it_shows_everything_with_the_latest_on_top(bench: Bench) -> None:
    bench.picker.remember(["SOL/USDT"])
    bench.picker.search()
    assert bench.picker.popup.isVisible()
    assert bench.picker.offers == ["SOL/USDT", "BTC/EUR", "BTC/USDT", "DOGE/USDT", "ETH/BTC", "ETH/USDT"]


def test_escape_brings_the_symbol_back(bench: Bench) -> None:
    bench.type("eth")
    bench.press(Qt.Key.Key_Escape)
    bench.press(Qt.Key.Key_Escape)
    assert bench.edit.text() == "BTC/USDT"
    assert bench.chosen == []


def test_a_half_typed_word_never_stays(bench: Bench) -> None:
    bench.type("xyz")
    assert not bench.picker.popup.isVisible()
    bench.elsewhere.setFocus()
    assert bench.edit.text() == "BTC/USDT"
    bench.type("xyz")
    bench.press(Qt.Key.Key_Return)
    assert bench.edit.text() == "BTC/USDT"
    assert bench.chosen == []


def test_choosing_what_is_shown_already_changes_nothing(bench: Bench) -> None:
    bench.type("btcusdt")
    bench.press(Qt.Key.Key_Return)
    assert bench.chosen == []
    assert bench.edit.text() == "BTC/USDT"


def test_the_wheel_and_the_arrows_up_change_nothing(bench: Bench) -> None:
    bench.picker.setFocus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
        bench.press(key)
    assert (bench.edit.text(), bench.chosen) == ("BTC/USDT", [])


def test_before_there_is_a_desk_nothing_can_be_chosen(theme: Theme, qtbot: QtBot) -> None:
    picker = SymbolPicker(theme, "BTC/USDT")
    qtbot.addWidget(picker)
    picker.show()
    picker.search()
    assert not picker.popup.isVisible()
