"""The KILL button: one press stops, no press too many starts again."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.kill import KillButton
from gui.theme import Theme


@pytest.fixture
def button(theme: Theme, qtbot: QtBot) -> KillButton:
    made = KillButton(theme)
    made.heard = []  # type: ignore[attr-defined]  # a test's notebook
    made.kill_asked.connect(lambda: made.heard.append("kill"))  # type: ignore[attr-defined]  # as above
    made.release_asked.connect(lambda: made.heard.append("release"))  # type: ignore[attr-defined]  # as above
    qtbot.addWidget(made)
    made.make_ready()
    made.show()
    return made


def press(button: KillButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def heard(button: KillButton) -> list[str]:
    return list(button.heard)  # type: ignore[attr-defined]  # a test's notebook


def test_before_the_desk_is_open_there_is_nothing_to_kill(theme: Theme, qtbot: QtBot) -> None:
    made = KillButton(theme)
    qtbot.addWidget(made)
    assert not made.isEnabled()


def test_hitting_it_again_and_again_does_not_release(button: KillButton) -> None:
    press(button)
    button.show_stopping()
    press(button)
    button.show_stopped(stopped=True)
    assert button.text() == "RELEASE"
    press(button)
    press(button)
    assert heard(button) == ["kill"]


def test_after_a_calm_moment_it_releases(button: KillButton, qtbot: QtBot) -> None:
    button.show_stopping()
    button.show_stopped(stopped=True)
    qtbot.waitUntil(button.isEnabled, timeout=5_000)
    press(button)
    assert heard(button) == ["release"]
    button.show_stopped(stopped=False)
    assert button.text() == "KILL"
    press(button)
    assert heard(button) == ["release", "kill"]


def test_a_switch_pulled_by_a_script_shows_here_too(button: KillButton) -> None:
    button.show_stopped(stopped=True)
    assert button.text() == "RELEASE"


def test_the_words_fit_on_it(button: KillButton) -> None:
    for show in (button.show_stopping, lambda: button.show_stopped(stopped=True), lambda: button.show_stopped(stopped=False)):
        show()
        assert button.fontMetrics().horizontalAdvance(button.text()) < button.width() - 28
