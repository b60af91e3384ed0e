"""Icons come late, follow the theme, and miss nobody."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from gui.icons import _NAMES, Icons
from gui.theme import Theme


def test_what_was_dressed_before_the_fonts_came_gets_its_icon_then(theme: Theme, qtbot: QtBot) -> None:
    icons, action = Icons(theme), QAction("Cancel")
    icons.dress(action, "cancel")
    assert action.icon().isNull()
    icons.load()
    assert not action.icon().isNull()


def test_an_icon_takes_the_colour_of_its_theme(theme: Theme, qtbot: QtBot) -> None:
    icons, action = Icons(theme), QAction("Cancel")
    icons.load()
    icons.dress(action, "cancel", "text")
    dark = action.icon().pixmap(16, 16).toImage()
    theme.select("light", "standard", swap=False)
    assert action.icon().pixmap(16, 16).toImage() != dark


@pytest.mark.parametrize("name", _NAMES)
def test_every_icon_exists(theme: Theme, qtbot: QtBot, name: str) -> None:
    icons = Icons(theme)
    icons.load()
    image = icons.icon(name, "text").pixmap(16, 16).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(16) for y in range(16))
