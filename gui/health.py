"""The venues' health in the top bar, painted as one widget.

A dot's *shape* carries the state (● live, ▲ stale, ✕ gap, ○ no book, ◆ crossed), its colour only repeats it.
When the window is too narrow for names and milliseconds the milliseconds go first: a chip never
overlaps another and never moves when its number changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui import formats
from gui.theme import Theme

_WORDS = {"live": "live", "stale": "stale", "gap": "gap", "empty": "no book", "crossed": "crossed"}
_TOKENS = {"live": "ok", "stale": "warn", "gap": "error", "empty": "muted", "crossed": "warn"}
_DOT_PX = 8
_PAD_PX = 8
_WIDEST_MS = "888 ms"


class Health(Protocol):
    """As the desk reports it; `state` is a `BookState`."""

    @property
    def venue(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def age_ms(self) -> float | None: ...
    @property
    def latency_ms(self) -> float | None: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Chip:
    """One venue as shown: `value` is the age of its last message, or the state in a word when that is not 'live'."""

    venue: str
    state: str
    value: str
    tip: str


def chip_of(health: Health) -> Chip:
    """What the strip says of a venue. Qt-free."""
    state = str(health.state)
    word = _WORDS.get(state, state)
    value = formats.age(health.age_ms) if state == "live" else word
    lines = [
        f"{health.venue}: {word}",
        f"last message {formats.age(health.age_ms)} ago",
        f"order round trip {formats.age(health.latency_ms)}",
    ]
    return Chip(health.venue, state, value, "\n".join([*lines, health.note] if health.note else lines))


class HealthStrip(QWidget):
    """A chip per venue."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chips: tuple[Chip, ...] = ()
        self._boxes: list[QRect] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(80)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(400, 24)

    def show_health(self, venues: Sequence[Health]) -> None:
        chips = tuple(chip_of(health) for health in venues)
        if chips != self._chips:
            self._chips = chips
            self.setAccessibleDescription(", ".join(f"{chip.venue} {_WORDS.get(chip.state, chip.state)}" for chip in chips))
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.ui_font(11))
        metrics = painter.fontMetrics()
        names = [metrics.horizontalAdvance(chip.venue) for chip in self._chips]
        value = max([metrics.horizontalAdvance(_WIDEST_MS), metrics.horizontalAdvance("no book")])
        frame = _DOT_PX + 5 + 2 * _PAD_PX
        with_values = sum(names) + len(names) * (frame + 5 + value) <= self.width()
        with_names = with_values or sum(names) + len(names) * frame <= self.width()
        x = 0
        self._boxes = []
        for chip, name in zip(self._chips, names, strict=True):
            width = frame + (name if with_names else 0) + (5 + value if with_values else 0)
            self._boxes.append(QRect(x, 0, width, self.height()))
            self._paint_chip(painter, chip, x + _PAD_PX, name, value, with_names=with_names, with_values=with_values)
            x += width
        painter.end()

    def _paint_chip(self, painter: QPainter, chip: Chip, x: int, name: int, value: int, *, with_names: bool, with_values: bool) -> None:
        _paint_state(painter, chip.state, QPointF(x + _DOT_PX / 2, self.height() / 2), self._theme.color(_TOKENS.get(chip.state, "muted")))
        x += _DOT_PX + 5
        middle = Qt.AlignmentFlag.AlignVCenter
        if with_names:
            painter.setPen(self._theme.color("text" if chip.state == "live" else "muted"))
            painter.drawText(QRect(x, 0, name + 2, self.height()), middle, chip.venue)
        if with_values:
            painter.setPen(self._theme.color("muted" if chip.state == "live" else _TOKENS.get(chip.state, "muted")))
            painter.drawText(QRect(x + name + 5, 0, value + 2, self.height()), middle, chip.value)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tip(event.pos(), event.globalPos())
            return True
        return super().event(event)

    def _show_tip(self, at: QPoint, on_screen: QPoint) -> None:
        for chip, box in zip(self._chips, self._boxes, strict=False):
            if box.contains(at):
                QToolTip.showText(on_screen, chip.tip, self, box)
                return
        QToolTip.hideText()


def _paint_state(painter: QPainter, state: str, at: QPointF, color: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.6))
    painter.setBrush(color)
    r = _DOT_PX / 2
    if state == "live":
        painter.drawEllipse(at, r - 1, r - 1)
    elif state == "gap":
        painter.drawLine(at + QPointF(-r + 1, -r + 1), at + QPointF(r - 1, r - 1))
        painter.drawLine(at + QPointF(-r + 1, r - 1), at + QPointF(r - 1, -r + 1))
    elif state == "stale":
        painter.drawPolygon(QPolygonF([at + QPointF(0, -r + 1), at + QPointF(r - 1, r - 1), at + QPointF(-r + 1, r - 1)]))
    elif state == "crossed":
        painter.drawPolygon(QPolygonF([at + QPointF(0, -r), at + QPointF(r, 0), at + QPointF(0, r), at + QPointF(-r, 0)]))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, r - 1, r - 1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
