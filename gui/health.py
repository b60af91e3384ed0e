"""The venues' health in the top bar, painted as one widget.

A dot's *shape* carries the state (● live, ◐ its book lives but it is silent about our orders, ▲ stale, ✕ gap, ○ no book, ◆ crossed,
– not connected), its colour only repeats it.
When the window is too narrow for names and milliseconds the milliseconds go first, then an exchange's spot and perp share its name
(`● bybit spot ● perp`, then `● bybit s ● p`), then the last go into a `+3`, which has the state of the worst of them. A chip never
overlaps another and never moves when its number changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui import formats
from gui.theme import Theme

_WORDS = {
    "live": "live",
    "silent": "silent",
    "stale": "stale",
    "gap": "gap",
    "empty": "no book",
    "crossed": "crossed",
    "offline": "offline",
}
_TOKENS = {"live": "ok", "silent": "warn", "stale": "warn", "gap": "error", "empty": "muted", "crossed": "warn", "offline": "error"}
_DOT_PX = 8
_PAD_PX = 8
_FRAME_PX = _DOT_PX + 5 + 2 * _PAD_PX
_WIDEST_MS = "888 ms"
_WORST_FIRST = ("offline", "gap", "silent", "crossed", "stale", "empty", "live")
_KINDS = ("spot", "perp")
_BOOK_LIVES = ("live", "silent")


class Health(Protocol):
    """As the desk reports it; `state` is a `BookState`, `note` says what is wrong, also why it is not `connected`.

    `account`: what is wrong with what it tells of our orders.
    """

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
    @property
    def connected(self) -> bool: ...
    @property
    def account(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Chip:
    """One venue as shown: `value` is the age of its last message, or the state in a word when that is not 'live'.

    Attributes:
        state: a `BookState`, 'silent' when that is live and the account is not, or 'offline' when it is not connected.
        name: what is written; empty for the venue itself.
        joins: it stands right behind the one before, whose exchange it shares.
    """

    venue: str
    state: str
    value: str
    tip: str
    name: str = ""
    joins: bool = False

    @property
    def written(self) -> str:
        """Its name on the screen."""
        return self.name or self.venue


def chip_of(health: Health) -> Chip:
    """What the strip says of a venue. Qt-free."""
    if not health.connected:
        return Chip(health.venue, "offline", _WORDS["offline"], f"{health.venue}: {health.note or 'not connected'}")
    state = str(health.state)
    word = _WORDS.get(state, state)
    value = formats.age(health.age_ms) if state == "live" else word
    lines = [
        f"{health.venue}: {word}",
        f"last message {formats.age(health.age_ms)} ago",
        f"order round trip {formats.age(health.latency_ms)}",
    ]
    lines += [note for note in (health.note, f"orders: {health.account}" if health.account else "") if note]
    return Chip(health.venue, "silent" if state == "live" and health.account else state, value, "\n".join(lines))


def grouped(chips: Sequence[Chip], *, letters: int | None = None) -> tuple[Chip, ...]:
    """The same chips with an exchange's markets side by side: the first has its name, the others only say which market. Qt-free.

    Args:
        letters: so many of `spot` and `perp`; None for all.
    """
    families: dict[str, list[Chip]] = {}
    for chip in chips:
        exchange, _, kind = chip.venue.rpartition("_")
        families.setdefault(exchange if kind in _KINDS else chip.venue, []).append(chip)
    together = []
    for family, members in families.items():
        for number, chip in enumerate(members):
            kind = chip.venue.removeprefix(family).lstrip("_")[:letters]
            together.append(replace(chip, name=kind if number else f"{family} {kind}".strip(), joins=number > 0))
    return tuple(together)


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
        value = max(metrics.horizontalAdvance(words) for words in (_WIDEST_MS, "no book", "crossed"))
        with_values = sum(_widths(self._chips, metrics)) + len(self._chips) * (5 + value) <= self.width()
        forms = (self._chips, grouped(self._chips), grouped(self._chips, letters=1))
        chips = next((form for form in forms if sum(_widths(form, metrics)) <= self.width()), forms[-1])
        rest = _FRAME_PX + metrics.horizontalAdvance("+88")
        count = len(chips) if with_values else shown_count(_widths(chips, metrics), rest, self.width())
        self._shown = (*chips[:count], rest_of(chips[count:])) if count < len(chips) else chips
        x = 0
        self._boxes = []
        for chip, width in zip(self._shown, _widths(self._shown, metrics), strict=True):
            whole = width + (5 + value if with_values else 0)
            self._boxes.append(QRect(x, 0, whole, self.height()))
            before = 0 if chip.joins else _PAD_PX
            self._paint_chip(painter, chip, x + before, metrics.horizontalAdvance(chip.written), value, with_values=with_values)
            x += whole
        painter.end()

    def _paint_chip(self, painter: QPainter, chip: Chip, x: int, name: int, value: int, *, with_values: bool) -> None:
        _paint_state(painter, chip.state, QPointF(x + _DOT_PX / 2, self.height() / 2), self._theme.color(_TOKENS.get(chip.state, "muted")))
        x += _DOT_PX + 5
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self._theme.color("text" if chip.state in _BOOK_LIVES else "muted"))
        painter.drawText(QRect(x, 0, name + 2, self.height()), middle, chip.written)
        if with_values:
            painter.setPen(self._theme.color("muted" if chip.state in _BOOK_LIVES else _TOKENS.get(chip.state, "muted")))
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


def _widths(chips: Sequence[Chip], metrics: QFontMetrics) -> list[int]:
    """Of each chip without its value: its dot, its name, and the room around them."""
    return [metrics.horizontalAdvance(chip.written) + _FRAME_PX - (_PAD_PX if chip.joins else 0) for chip in chips]


def _paint_state(painter: QPainter, state: str, at: QPointF, color: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.6))
    painter.setBrush(color)
    r = _DOT_PX / 2
    if state == "live":
        painter.drawEllipse(at, r - 1, r - 1)
    elif state == "silent":
        box = QRectF(at.x() - r + 1, at.y() - r + 1, 2 * r - 2, 2 * r - 2)
        painter.drawPie(box, 90 * 16, 180 * 16)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box)
    elif state == "gap":
        painter.drawLine(at + QPointF(-r + 1, -r + 1), at + QPointF(r - 1, r - 1))
        painter.drawLine(at + QPointF(-r + 1, r - 1), at + QPointF(r - 1, -r + 1))
    elif state == "offline":
        painter.drawLine(at + QPointF(-r + 1, 0), at + QPointF(r - 1, 0))
    elif state == "stale":
        painter.drawPolygon(QPolygonF([at + QPointF(0, -r + 1), at + QPointF(r - 1, r - 1), at + QPointF(-r + 1, r - 1)]))
    elif state == "crossed":
        painter.drawPolygon(QPolygonF([at + QPointF(0, -r), at + QPointF(r, 0), at + QPointF(0, r), at + QPointF(-r, 0)]))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, r - 1, r - 1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
