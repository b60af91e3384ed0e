"""A dock with a flat 26 px title row, in which a panel may put its own controls.

Qt's own title bar wastes a row that a trader would rather fill, and draws its buttons in the system's
style. The row still drags, floats and closes the dock. Until the panel is loaded its place shows quiet text.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QIcon, QResizeEvent
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

import resources
from gui.edge import Edge
from gui.theme import Theme

TITLE_PX = 26


class PanelDock(QDockWidget):
    """One panel of the window. `name` is what layouts know it by: it must never change."""

    def __init__(self, name: str, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(name)
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self._title = _TitleRow(title, theme, self)
        self.setTitleBarWidget(self._title)
        waiting = QLabel("", self)
        waiting.setProperty("role", "muted")
        waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        waiting.setWordWrap(True)
        self._waiting: QLabel | None = waiting
        frame = _panel(self)
        box = QVBoxLayout(frame)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(waiting)
        self.setWidget(frame)
        self._edge_color = ""
        self._edge = Edge(theme, self)
        self.topLevelChanged.connect(lambda _floats: self.show_edge(self._edge_color))

    def show_edge(self, color: str) -> None:
        """Wear a border of this theme colour while it is a window of its own; empty for none."""
        self._edge_color = color
        self._edge.show_in(color if self.isFloating() else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._edge.follow()

    def say(self, text: str) -> None:
        """Quiet text in place of the panel, while there is none."""
        if self._waiting is not None:
            self._waiting.setText(text)

    @property
    def said(self) -> str:
        """The quiet text; empty once the panel is in."""
        return self._waiting.text() if self._waiting is not None else ""

    def fill(self, panel: QWidget, controls: QWidget | None = None) -> None:
        """Put the panel in, in the room that its place already has."""
        frame = _panel(self)
        box = QVBoxLayout(frame)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(panel)
        # The skeleton must keep its sizes: a panel's own wishes come after the layout's.
        self._waiting = None
        old = self.widget()
        self.setWidget(frame)
        old.deleteLater()
        if controls is not None:
            self._title.take(controls)
        self._edge.follow()


def _panel(parent: QWidget) -> QFrame:
    frame = QFrame(parent)
    frame.setProperty("role", "panel")
    return frame


class _TitleRow(QFrame):
    def __init__(self, title: str, theme: Theme, dock: PanelDock) -> None:
        super().__init__(dock)
        self.setProperty("role", "bar")
        self.setFixedHeight(TITLE_PX)
        label = QLabel(title.upper(), self)
        label.setProperty("role", "heading")
        label.setFont(_spaced(theme.ui_font(10, QFont.Weight.DemiBold)))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 0, 4, 0)
        self._row.setSpacing(8)
        self._row.addWidget(label)
        self._row.addStretch(1)
        for icon, tip, action in (
            ("float", "Float or dock", lambda: dock.setFloating(not dock.isFloating())),
            ("close", "Hide (the View menu shows it again)", dock.hide),
        ):
            button = QToolButton(self)
            button.setIcon(QIcon(str(resources.path_of(f"icons/{icon}.svg"))))
            button.setIconSize(QSize(16, 16))
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setProperty("role", "quiet")
            button.setFixedSize(22, 20)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(action)
            self._row.addWidget(button)

    def sizeHint(self) -> QSize:
        """A dock gives its title as much as it wishes for, whatever its fixed height: the panel would cover the rest."""
        return QSize(super().sizeHint().width(), TITLE_PX)

    def take(self, controls: QWidget) -> None:
        self._row.insertWidget(1, controls, 1)
        self._row.setStretch(2, 0)  # the empty room is the controls' now


def _spaced(font: QFont) -> QFont:
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.8)
    return font
