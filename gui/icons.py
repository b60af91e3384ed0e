"""Icons in the theme's colours, from the fonts that qtawesome brings. Not for the first window: it takes a third of a second to load.

Until `load` has been called every icon is empty, and what carries it is there with its words alone; `dress`
remembers what it dressed, and dresses it again when the icons have come or the colours change.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QAbstractButton

from gui.theme import Theme

_NAMES = {
    "cancel": "mdi6.close-circle-outline",
    "modify": "mdi6.pencil-outline",
    "pause": "mdi6.pause",
    "resume": "mdi6.play",
    "copy": "mdi6.content-copy",
    "resolve": "mdi6.help-rhombus-outline",
    "expand": "mdi6.unfold-more-horizontal",
    "collapse": "mdi6.unfold-less-horizontal",
    "kill": "mdi6.power",
    "limits": "mdi6.shield-outline",
    "accounts": "mdi6.key-outline",
    "quit": "mdi6.exit-to-app",
    "reset": "mdi6.view-dashboard-outline",
    "swap": "mdi6.swap-horizontal",
    "theme": "mdi6.theme-light-dark",
    "palette": "mdi6.palette-outline",
    "settings": "mdi6.dots-horizontal",
}
Dressable = QAction | QAbstractButton


class Icons(QObject):
    """All icons of one window."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._make: Callable[..., QIcon] | None = None
        self._dressed: list[tuple[weakref.ref[Dressable], str, str]] = []
        theme.changed.connect(self._dress_all)

    def load(self) -> None:
        """Import qtawesome and dress what has waited for it. Slow, once."""
        if self._make is None:
            os.environ.setdefault("QT_API", "pyside6")  # qtpy would look for bindings by itself
            import qtawesome

            self._make = qtawesome.icon
            self._dress_all()

    def icon(self, name: str, tone: str = "muted") -> QIcon:
        """An icon in the colour of a theme token, brighter where the mouse is; empty before `load`."""
        if self._make is None:
            return QIcon()
        colors = {"color": self._theme.color(tone), "color_active": self._theme.color("strong" if tone == "muted" else tone)}
        return self._make(_NAMES[name], **colors, color_disabled=self._theme.color("muted", 0.5))

    def dress(self, target: Dressable, name: str, tone: str = "muted") -> None:
        """Give `target` an icon that keeps up with the theme."""
        self._dressed.append((weakref.ref(target), name, tone))
        target.setIcon(self.icon(name, tone))

    def _dress_all(self) -> None:
        self._dressed = [one for one in self._dressed if (target := one[0]()) is not None and shiboken6.isValid(target)]
        for reference, name, tone in self._dressed:
            if (target := reference()) is not None:
                target.setIcon(self.icon(name, tone))
