"""The KILL button, which becomes RELEASE while trading is stopped.

Whoever needs it hits it more than once. So the click that stops everything never turns under the finger into the click
that allows everything again: RELEASE can be pressed only after a moment without a press.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFont, QIcon, QMouseEvent, QPixmap
from PySide6.QtWidgets import QPushButton, QWidget

from gui.theme import Theme, set_role

CALM_MS = 1_500

_STOP = ("KILL", "danger", "Stop every order of Fathom's and cancel it on every venue, at once, unasked. Orders placed elsewhere stay.")
_STOPPING = ("KILLING", "danger", "Cancelling everything, and asking the venues whether it is true.")
_STOPPED = ("RELEASE", "primary", "Trading is stopped. Allow orders again; what was stopped stays stopped.")


class KillButton(QPushButton):
    """Says what a press does now."""

    kill_asked = Signal()
    release_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.ui_font(12, QFont.Weight.DemiBold))
        self.setFixedSize(96, 26)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._stopped = False
        self._ready = False
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(CALM_MS)
        self._calm.timeout.connect(self._allow)
        self.clicked.connect(self._pressed)
        self._own_icon = QIcon()
        self._say(_STOP)
        self.setEnabled(False)

    def make_ready(self) -> None:
        """There is something to stop."""
        self._ready = True
        self._allow()

    def show_stopping(self) -> None:
        """It has been pressed, and the venues are being asked."""
        self._stopped = True
        self._say(_STOPPING)
        self.setEnabled(False)

    def show_stopped(self, *, stopped: bool) -> None:
        """Whether trading is stopped, whoever stopped it."""
        if stopped is self._stopped and self.text() != _STOPPING[0]:
            return
        self._stopped = stopped
        self._say(_STOPPED if stopped else _STOP)
        if stopped:
            self.setEnabled(False)
            self._calm.start()
        else:
            self._allow()

    def setIcon(self, icon: QIcon | QPixmap) -> None:
        """A red icon: not shown while the button is a calm one."""
        self._own_icon = QIcon(icon)
        super().setIcon(QIcon() if self.text() == _STOPPED[0] else self._own_icon)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._calm.isActive():
            self._calm.start()  # still being hit: not yet
        super().mousePressEvent(event)

    def _allow(self) -> None:
        self._calm.stop()
        self.setEnabled(self._ready)

    def _pressed(self) -> None:
        (self.release_asked if self._stopped else self.kill_asked).emit()

    def _say(self, state: tuple[str, str, str]) -> None:
        text, role, tip = state
        self.setText(text)
        self.setToolTip(tip)
        set_role(self, role)
        super().setIcon(QIcon() if state is _STOPPED else self._own_icon)
