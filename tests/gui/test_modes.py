"""A mode is named wherever an order could be sent from, and live cannot be taken for anything else."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.cli import MODES
from gui.edge import BORDER_PX
from gui.main_window import MainWindow
from gui.modes import look_of
from gui.theme import Theme


def _window(theme: Theme, qtbot: QtBot, mode: str, width: int = 1366) -> MainWindow:
    window = MainWindow(theme, mode, "BTC/USDT")
    qtbot.addWidget(window)
    window.allow_close()
    window.resize(width, 768)
    window.show()
    return window


def _edges(window: QWidget) -> set[str]:
    """The colours of the outermost pixels, all around."""
    image = window.grab().toImage()
    right, bottom = image.width() - 1, image.height() - 1
    across = [(x, y) for x in range(0, right + 1, 5) for y in (0, BORDER_PX - 1, bottom - BORDER_PX + 1, bottom)]
    down = [(x, y) for y in range(0, bottom + 1, 5) for x in (0, BORDER_PX - 1, right - BORDER_PX + 1, right)]
    return {QColor(image.pixel(x, y)).name() for x, y in (*across, *down)}


def test_live_has_a_red_border_all_around_the_window(theme: Theme, qtbot: QtBot) -> None:
    assert _edges(_window(theme, qtbot, "live")) == {theme.hex("live")}


def test_a_panel_that_floats_has_it_too_and_loses_it_when_it_is_docked(theme: Theme, qtbot: QtBot) -> None:
    window = _window(theme, qtbot, "live")
    ticket = window.ticket_dock
    assert theme.hex("live") not in _edges(ticket)
    ticket.setFloating(True)
    assert _edges(ticket) == {theme.hex("live")}
    ticket.setFloating(False)
    assert theme.hex("live") not in _edges(ticket)
    ticket.setFloating(True)
    window.show_mode("paper")
    assert theme.hex("live") not in _edges(ticket)


@pytest.mark.parametrize("mode", ["demo", "replay", "paper", "testnet"])
def test_no_other_mode_has_any_of_it(theme: Theme, qtbot: QtBot, mode: str) -> None:
    assert theme.hex("live") not in _edges(_window(theme, qtbot, mode))


def test_the_border_goes_when_the_trader_takes_paper_instead(theme: Theme, qtbot: QtBot) -> None:
    window = _window(theme, qtbot, "live")
    window.show_mode("paper")
    assert theme.hex("live") not in _edges(window)
    assert window.windowTitle() == "Fathom — BTC/USDT"
    assert window.top_bar.mode_shown.startswith("PAPER")


def test_the_window_list_of_the_system_names_live(theme: Theme, qtbot: QtBot) -> None:
    window = _window(theme, qtbot, "live")
    window.name_symbol("ETH/USDT")
    assert window.windowTitle() == "LIVE Fathom — ETH/USDT"


@pytest.mark.parametrize(
    ("mode", "wide", "narrow"),
    [
        ("demo", "SIMULATED", "SIMULATED"),
        ("paper", "PAPER · LIVE DATA, SIMULATED FILLS", "PAPER · SIMULATED FILLS"),
        ("testnet", "TESTNET", "TESTNET"),
        ("live", "LIVE", "LIVE"),
    ],
)
def test_the_badge_says_the_mode_at_any_width(theme: Theme, qtbot: QtBot, mode: str, wide: str, narrow: str) -> None:
    assert _window(theme, qtbot, mode, 1920).top_bar.mode_shown == wide
    assert _window(theme, qtbot, mode, 1366).top_bar.mode_shown == narrow


def test_the_emulator_is_named_beside_the_mode(theme: Theme, qtbot: QtBot) -> None:
    window = _window(theme, qtbot, "live")
    window.show_mode("live", emulated=True)
    assert window.top_bar.mode_shown == "LIVE · EMULATOR"
    assert _edges(window) == {theme.hex("live")}, "whoever practises on the emulator sees what live looks like"


def test_only_live_shouts() -> None:
    assert [mode for mode in MODES if look_of(mode).said("BUY") != "BUY"] == ["live"]
    assert look_of("live").said("BUY 0.5 BTC · TWAP") == "LIVE BUY 0.5 BTC · TWAP"
    assert look_of("demo", emulated=True).badge == "SIMULATED", "the demo connects to nothing"
