"""The venues' health in the top bar, painted as one widget.

A dot's *shape* carries the state (● live, ▲ stale, ✕ gap, ○ no book, ◆ crossed), its colour only repeats it.
When the window is too narrow for names and milliseconds the milliseconds go first, then the last chips go
into a `+3`, which has the state of the worst of them. A chip never overlaps another and never moves when its number changes.
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
_WORST_FIRST = ("gap", "crossed", "stale", "empty", "live")


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


def rest_of(chips: Sequence[Chip]) -> Chip:
    """Chips there is no room for, as one: their number, the worst of their states, all of their tips. Qt-free."""
    worst = min((chip.state for chip in chips), key=lambda state: _WORST_FIRST.index(state) if state in _WORST_FIRST else 0)
    return Chip(f"+{len(chips)}", worst, "" if worst == "live" else _WORDS.get(worst, worst), "\n\n".join(chip.tip for chip in chips))


def shown_count(widths: Sequence[int], rest: int, room: int) -> int:
    """How many chips of these widths fit into `room`; where not all do, one of width `rest` stands behind them. Qt-free."""
    if sum(widths) <= room:
        return len(widths)
    used = rest
    for count, width in enumerate(widths):
        used += width
        if used > room:
            return count
    return len(widths)


class HealthStrip(QWidget):
    """A chip per venue, as far as there is room."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chips: tuple[Chip, ...] = ()
        self._shown: tuple[Chip, ...] = ()
        self._boxes: list[QRect] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(80)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(400, 24)

    @property
    def shown(self) -> tuple[Chip, ...]:
        """The chips as painted last, the one for the rest among them."""
        return self._shown

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
        value = max([metrics.horizontalAdvance(_WIDEST_MS), metrics.horizontalAdvance("no book")])
        frame = _DOT_PX + 5 + 2 * _PAD_PX
        bare = [metrics.horizontalAdvance(chip.venue) + frame for chip in self._chips]
        with_values = sum(bare) + len(bare) * (5 + value) <= self.width()
        count = len(bare) if with_values else shown_count(bare, frame + metrics.horizontalAdvance("+88"), self.width())
        left_over = self._chips[count:]
        self._shown = (*self._chips[:count], rest_of(left_over)) if left_over else self._chips
        x = 0
        self._boxes = []
        for chip in self._shown:
            name = metrics.horizontalAdvance(chip.venue)
            width = frame + name + (5 + value if with_values else 0)
            self._boxes.append(QRect(x, 0, width, self.height()))
            self._paint_chip(painter, chip, x + _PAD_PX, name, value, with_values=with_values)
            x += width
        painter.end()

    def _paint_chip(self, painter: QPainter, chip: Chip, x: int, name: int, value: int, *, with_values: bool) -> None:
        _paint_state(painter, chip.state, QPointF(x + _DOT_PX / 2, self.height() / 2), self._theme.color(_TOKENS.get(chip.state, "muted")))
        x += _DOT_PX + 5
        middle = Qt.AlignmentFlag.AlignVCenter
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
        for chip, box in zip(self._shown, self._boxes, strict=False):
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
