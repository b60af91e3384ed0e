"""The foot of the ticket: what the order costs, one slot for a sentence, and the button.

It never scrolls and never changes its height: what is about to be sent is always in sight.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from gui.modes import ModeLook
from gui.theme import Theme, set_role
from gui.ticket.figures import FiguresPanel
from gui.ticket.model import Draft
from gui.ticket.preview import Preview
from gui.ticket.small import ElidedLabel, divider, label, quietly_set

_SLOT_PX = 30
_BUTTON_PX = 32


class TicketFoot(QFrame):
    """Says what is wrong (or what would happen), and holds the button that does it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.figures = FiguresPanel(theme)
        self._slot: QLabel = label("")
        self._slot.setWordWrap(True)
        self._slot.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._summary, self._remark = ElidedLabel("muted"), ElidedLabel("muted")
        two_lines = QWidget()
        lines = QVBoxLayout(two_lines)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self._summary)
        lines.addWidget(self._remark)
        self._place = QStackedWidget()
        self._place.setFixedHeight(_SLOT_PX)
        self._place.addWidget(self._slot)
        self._place.addWidget(two_lines)
        self.submit = QPushButton()
        self.submit.setFixedHeight(_BUTTON_PX)
        self.submit.setMinimumWidth(0)
        self.submit.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.submit.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(divider())
        inside = QVBoxLayout()
        inside.setContentsMargins(8, 3, 8, 6)
        inside.setSpacing(2)
        inside.addWidget(self.figures)
        inside.addWidget(self._place)
        inside.addWidget(self.submit)
        layout.addLayout(inside)

    @property
    def sentence(self) -> str:
        """What stands over the button."""
        if self._place.currentIndex() == 0:
            return self._slot.text()
        return "\n".join(line.whole for line in (self._summary, self._remark) if line.whole)

    @property
    def tone(self) -> str:
        """'error', 'warn' or 'muted'."""
        return str((self._slot if self._place.currentIndex() == 0 else self._remark).property("role"))

    def say(self, sentence: str, tone: str) -> None:
        """One sentence: what is missing or wrong."""
        self._place.setCurrentIndex(0)
        set_role(self._slot, tone)
        quietly_set(self._slot, sentence)
        self._slot.setToolTip(sentence)

    def sum_up(self, summary: str, preview: Preview) -> None:
        """The plan in one line, and under it the most important thing to know; the rest is the tooltip."""
        self._place.setCurrentIndex(1)
        self._summary.say(summary)
        said = (*preview.warnings, *preview.remarks)
        self._remark.say(said[0] if said else "", "warn" if preview.warnings else "muted")
        self._place.setToolTip("\n".join((*said, *preview.unused)))

    def say_what(self, draft: Draft, look: ModeLook) -> None:
        """Name the order on the button, in the colour of its side, with the mode in front where it is real."""
        text = look.said(draft.submit_label)
        set_role(self.submit, draft.side.value)
        if self.submit.text() != text:
            self.submit.setText(text)
            self.submit.setToolTip(f"{text} (Ctrl+Enter)")
