"""Live is a deliberate answer: no key that was meant for something else can give it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from gui.choice import StartChoice, keys_question, live_question
from gui.main_window import MainWindow
from gui.theme import Theme

QUESTION = live_question(["binance", "bybit"], emulated=False)


def _focused() -> QWidget:
    """Where a key goes."""
    focused = QApplication.focusWidget()
    assert focused is not None
    return focused


@pytest.fixture
def window(theme: Theme, qtbot: QtBot) -> MainWindow:
    made = MainWindow(theme, "live", "BTC/USDT")
    qtbot.addWidget(made)
    made.allow_close()
    made.resize(1366, 768)
    made.show()
    made.activateWindow()
    return made


@pytest.fixture
def answer(window: MainWindow, theme: Theme, qapp: QApplication) -> Callable[..., str | None]:
    """Let `hand` play with the question for a while; returns the answer, None when there was none."""

    def play(hand: Callable[[StartChoice], None], *, reading: bool = True) -> str | None:
        async def ask() -> str | None:
            choice = StartChoice(QUESTION, theme, window)
            answered = asyncio.ensure_future(choice.answered())
            while reading and not choice.buttons["live"].isEnabled():  # noqa: ASYNC110 - a Qt timer has no asyncio event
                await asyncio.sleep(0.01)
            hand(choice)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if answered.done():
                return answered.result()
            answered.cancel()
            await asyncio.wait({answered})
            return None

        with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp)) as runner:
            return runner.run(ask())

    return play


def test_it_names_the_exchanges_and_the_money() -> None:
    assert QUESTION.asks == "Trade LIVE with real money on binance, bybit?"
    assert "FATHOM_EMULATOR" in live_question(["binance"], emulated=True).lines[0]


def test_enter_answers_nothing_wherever_the_focus_is(answer: Callable[..., str | None]) -> None:
    def hammer(choice: StartChoice) -> None:
        for target in (choice, *choice.buttons.values()):
            target.setFocus()
            QTest.keyClick(target, Qt.Key.Key_Return)
            QTest.keyClick(target, Qt.Key.Key_Enter)
            QTest.keyClick(target, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert answer(hammer) is None


def test_a_space_or_escape_without_going_to_a_button_answers_nothing(answer: Callable[..., str | None]) -> None:
    def press(choice: StartChoice) -> None:
        assert choice.hasFocus()
        QTest.keyClick(choice, Qt.Key.Key_Space)
        QTest.keyClick(choice, Qt.Key.Key_Escape)

    assert answer(press) is None


@pytest.mark.parametrize(("tabs", "given"), [(1, "paper"), (2, "accounts"), (3, "quit"), (4, "live")])
def test_the_keyboard_reaches_every_answer_live_last(answer: Callable[..., str | None], tabs: int, given: str) -> None:
    def walk(choice: StartChoice) -> None:
        for _ in range(tabs):
            QTest.keyClick(_focused(), Qt.Key.Key_Tab)
        QTest.keyClick(_focused(), Qt.Key.Key_Space)

    assert answer(walk) == given


def test_a_click_says_live(answer: Callable[..., str | None]) -> None:
    assert answer(lambda choice: QTest.mouseClick(choice.buttons["live"], Qt.MouseButton.LeftButton)) == "live"


def test_live_can_not_be_said_in_the_first_moment(answer: Callable[..., str | None]) -> None:
    assert answer(lambda choice: QTest.mouseClick(choice.buttons["live"], Qt.MouseButton.LeftButton), reading=False) is None


def test_it_stays_in_the_middle(window: MainWindow, answer: Callable[..., str | None]) -> None:
    def resize(choice: StartChoice) -> None:
        window.resize(1000, 640)
        QApplication.processEvents()
        assert abs(choice.geometry().center().x() - 500) <= 1
        assert abs(choice.geometry().center().y() - 320) <= 1

    answer(resize)


def test_without_keys_live_is_no_answer() -> None:
    for question in (keys_question("live"), keys_question("testnet", ["okx"])):
        assert "live" not in [each.name for each in question.answers]
    assert keys_question("testnet", ["okx"]).asks == "No keys are known for okx in testnet."
