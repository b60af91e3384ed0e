"""A field for one number: typed freely, stepped by arrows and wheel, snapped to its grid when editing ends.

The value follows every keystroke (the submit button must never lag behind what is typed), but the *text*
is left alone until editing ends: a field that rewrites itself while one types is unusable. Thousands are separated only
while nobody types, because a comma in the middle of an edit could mean two numbers. The wheel counts only in the
focused field: scrolling past a ticket must not change a price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from core.domain.errors import FathomError
from gui.theme import restyle
from gui.ticket.grid import snap_hint, stepped

_BIG = 10
_BIGGER = 100
_WHEEL_NOTCH = 120
_STEP_KEYS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: _BIGGER, Qt.Key.Key_PageDown: -_BIGGER}
_SUGGESTION_PAD_PX = 8
_ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _unchanged(value: Decimal) -> Decimal:
    return value


@dataclass(frozen=True)
class NumberRules:
    """How a field reads, steps, snaps and shows its number.

    Attributes:
        what: the number's name in hints ("Price").
        parse: text to number, None when empty; raises a FathomError with the sentence to show.
        start: where stepping begins in an empty field.
    """

    what: str
    parse: Callable[[str], Decimal | None]
    show: Callable[[Decimal], str]
    step: Decimal
    snap: Callable[[Decimal], Decimal] = _unchanged
    start: Callable[[], Decimal | None] = lambda: None


class NumberEdit(QLineEdit):
    """A right-aligned number. `changed` on every keystroke and step, `committed` on Enter.

    Attributes:
        edited: the trader, or somebody on the trader's behalf, has put something in; `set_value(None)` starts anew.
        suggested: where a number comes from that nobody entered; empty for any other.
    """

    changed = Signal()
    committed = Signal()
    snapped = Signal(str)  # what snapping did, in words; empty when it did nothing

    def __init__(self, rules: NumberRules, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rules = rules
        self._settled = ""
        self._written = ""  # by this field itself: the separators in it are never ambiguous
        self._wheel = 0
        self.edited = False
        self.suggested = ""
        self.value: Decimal | None = None
        self.fault = ""
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.textEdited.connect(self._typed)

    def set_rules(self, rules: NumberRules) -> None:
        """Another grid (a venue was ticked, the side changed): the number moves onto it."""
        self._rules = rules
        self._settle(announce=False)

    def set_value(self, value: Decimal | None) -> None:
        """From outside (a click in the chart, a chip): snapped like typed text, and said so."""
        self._own("", edited=value is not None)
        if value is not None and self._rules.snap(value) != value:
            self.setText(f"{value:f}")
        else:
            self._write(value)
        self._settle()
        self.selectAll() if self.hasFocus() else self.setCursorPosition(0)
        self.changed.emit()

    def suggest(self, value: Decimal, origin: str) -> None:
        """A number to begin with, marked with where it is from ("best ask"). It counts; what was edited stays."""
        if self.edited or (self.suggested == origin and self.value == value):
            return
        self._own(origin, edited=False)
        self._write(value)
        self._settle(announce=False)
        self.setCursorPosition(0)
        self.changed.emit()

    def _own(self, suggested: str, *, edited: bool) -> None:
        self.edited = edited
        if suggested != self.suggested:
            self.suggested = suggested
            font = self.font()
            font.setItalic(bool(suggested))
            self.setFont(font)
            self.setToolTip(f"The {suggested}, until you write a price of your own." if suggested else "")
            self.update()

    def _write(self, value: Decimal | None) -> None:
        text = "" if value is None else self._rules.show(value)
        self._written = text.replace(",", "") if self.hasFocus() else text
        if self.text() != self._written:
            self.setText(self._written)

    def settle(self) -> None:
        """End editing: snap, rewrite the text, and say what changed."""
        self._settle()
        self.changed.emit()

    def _typed(self) -> None:
        self._own("", edited=True)
        self._read()
        self.changed.emit()

    def _read(self) -> Decimal | None:
        """Reads the text into `value` and `fault`; returns the number as typed."""
        typed: Decimal | None = None
        try:
            text = self.text()
            typed = self._rules.parse(text.replace(",", "") if text == self._written else text)
            self.fault = ""
        except FathomError as error:
            self.fault = str(error)
        self.value = None if typed is None else self._rules.snap(typed)
        self.mark(bool(self.fault))
        return typed

    def mark(self, invalid: bool) -> None:
        """Outline the field as wrong, or not."""
        if bool(self.property("invalid")) != invalid:
            self.setProperty("invalid", invalid)
            restyle(self)

    def _settle(self, *, announce: bool = True) -> None:
        typed = self._read()
        if typed is not None and self.value is not None:
            self._write(self.value)
            if announce:
                self.snapped.emit(snap_hint(typed, self.value, self._rules.what, self._rules.step))
        if not self.fault:
            self._settled = self.text()

    def _step(self, count: int) -> None:
        if self.isReadOnly() or not self.isEnabled():
            return
        current = None if self.fault else self.value
        self._own("", edited=True)
        self._write(stepped(current, self._rules.step, count, self._rules.start()))
        self._settle(announce=False)
        self.selectAll()
        self.changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEP_KEYS.get(Qt.Key(event.key()))
        if steps is not None:
            shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._step(steps * _BIG if shifted and abs(steps) == 1 else steps)
        elif event.key() in _ENTER_KEYS:
            self._own("", edited=self.edited or self.value is not None)
            self.settle()
            self.selectAll()
            self.committed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text() != self._settled:
            self.setText(self._settled)
            self._typed()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # nothing to back out of here: a dialog around the field may
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hasFocus():
            event.ignore()
            return
        delta = event.angleDelta()
        self._wheel += delta.y() or delta.x()  # some systems turn Shift+wheel sideways
        notches, self._wheel = int(self._wheel / _WHEEL_NOTCH), int(self._wheel - int(self._wheel / _WHEEL_NOTCH) * _WHEEL_NOTCH)
        if notches:
            self._step(notches * (_BIG if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1))
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if "," in self.text() and self.text() == self._written:
            self._write(self.value)
            self._settled = self.text()
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.text() != self._settled:
            self.settle()
        elif not self.fault:
            self._write(self.value)
            self._settled = self.text()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        room = self.width() - self.fontMetrics().horizontalAdvance(self.text() + self.suggested) - 3 * _SUGGESTION_PAD_PX
        if self.suggested and room > 0:
            painter = QPainter(self)
            painter.setPen(self.palette().placeholderText().color())
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(self.rect().adjusted(_SUGGESTION_PAD_PX, 0, 0, 0), left, self.suggested)
            painter.end()
