"""The arrangement comes back; a damaged file costs the arrangement, not the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.layouts import Layout, LayoutStore, layout_path
from gui.main_window import MainWindow
from gui.theme import Theme


def test_a_layout_survives_the_disk(tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "profile" / "layout.json")
    layout = Layout("geometry", "state", "light", "colour_blind", swap=True)
    store.save(layout)
    assert store.load() == layout


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '"schema"', '{"schema": 99}', '{"schema": 1, "theme": "pink"}', '{"schema": 1, "theme": null, "swap": "yes"}'],
)
def test_a_file_that_makes_no_sense_is_the_default_layout(tmp_path: Path, text: str) -> None:
    path = tmp_path / "layout.json"
    path.write_text(text, encoding="utf-8")
    assert LayoutStore(path).load() == Layout()


def test_the_file_says_its_schema(tmp_path: Path) -> None:
    LayoutStore(tmp_path / "layout.json").save(Layout())
    assert json.loads((tmp_path / "layout.json").read_text(encoding="utf-8"))["schema"] == 1


def test_an_unwritable_place_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    LayoutStore(tmp_path / "file" / "layout.json").save(Layout())
    assert "could not be saved" in caplog.text


def test_without_a_place_nothing_is_kept() -> None:
    store = LayoutStore(None)
    store.save(Layout("x"))
    assert store.load() == Layout()


def test_a_profile_holds_its_own_layout(tmp_path: Path) -> None:
    assert layout_path(tmp_path) == tmp_path / "layout.json"


def _window(theme: Theme, qtbot: QtBot) -> MainWindow:
    window = MainWindow(theme, "demo", "BTC/USDT")
    window.allow_close()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    return window


def test_a_hidden_dock_stays_hidden_until_reset(theme: Theme, qtbot: QtBot) -> None:
    first = _window(theme, qtbot)
    first.ticket_dock.hide()
    second = _window(theme, qtbot)
    second.restore(first.layout_now())
    assert second.ticket_dock.isHidden()
    assert not second.depth_dock.isHidden()
    second.reset_layout()
    assert not second.ticket_dock.isHidden()
    assert second.dockWidgetArea(second.blotter_dock) is Qt.DockWidgetArea.BottomDockWidgetArea


def test_a_damaged_arrangement_leaves_the_usual_one(theme: Theme, qtbot: QtBot) -> None:
    window = _window(theme, qtbot)
    window.restore(Layout(geometry="%%%", state="no base64"))
    assert not window.ticket_dock.isHidden()


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
def test_the_ticket_keeps_its_width_and_the_depth_takes_the_rest(theme: Theme, qtbot: QtBot, size: tuple[int, int]) -> None:
    window = _window(theme, qtbot)
    window.resize(*size)
    window.reset_layout()
    qtbot.waitUntil(lambda: abs(window.ticket_dock.width() - 340) <= 20)
    assert window.depth_dock.width() > size[0] - 340 - 40
    assert abs(window.inspector_dock.width() - 0.32 * size[0]) <= 12
    assert window.blotter_dock.width() + window.inspector_dock.width() > size[0] - 20


def test_on_a_small_screen_the_blotter_keeps_room_for_four_orders(theme: Theme, qtbot: QtBot) -> None:
    window = _window(theme, qtbot)
    window.reset_layout()
    qtbot.waitUntil(lambda: window.ticket_dock.height() > 500)
    assert window.blotter_dock.height() >= 26 + 24 + 4 * 22 + 8
