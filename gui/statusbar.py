"""The bottom line: is the program keeping up, and how old is the oldest book.

Loop lag is how late the status timer itself fired: what a message, an order or a click would have
waited. Every field has a fixed width, so that nothing beside it moves.
"""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from gui import formats

_TICK_MS = 50
_TICKS_PER_READING = 10


class LagMeter:
    """Worst lateness of a periodic tick since the last reading, ms."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._last_s: float | None = None
        self._worst_s = 0.0

    def tick(self, now_s: float) -> None:
        if self._last_s is not None:
            self._worst_s = max(self._worst_s, now_s - self._last_s - self._interval_s)
        self._last_s = now_s

    def read_ms(self) -> float:
        worst, self._worst_s = self._worst_s, 0.0
        return worst * 1000


class StatusBar(QStatusBar):
    """Loop lag · messages/s · frame ms · oldest book, and on the right what time the desk has."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setFixedHeight(22)
        self._lag = LagMeter(_TICK_MS / 1000)
        self._ticks = 0
        self._lag_label = self._field("loop lag 8,888 ms", "How late the event loop ran at worst in the last half second")
        self._rate_label = self._field("88,888 msgs/s", "Market messages taken in per second")
        self._frame_label = self._field("frame 88.8 ms", "Time to draw the depth chart")
        self._oldest_label = self._field("oldest book kraken_futures_perp 888.8 s", "The venue that has been silent for longest")
        self._time_label = QLabel(self)
        self._time_label.setProperty("role", "muted")
        self._time_label.setContentsMargins(8, 0, 12, 0)
        self.addPermanentWidget(self._time_label)
        for label in (self._lag_label, self._rate_label, self._frame_label, self._oldest_label):
            label.setText("")
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _field(self, widest: str, tip: str) -> QLabel:
        label = QLabel(widest, self)
        label.setProperty("role", "muted")
        label.setToolTip(tip)
        label.setContentsMargins(8, 0, 8, 0)
        label.setFixedWidth(label.fontMetrics().horizontalAdvance(widest) + 20)
        self.addWidget(label)
        return label

    def _tick(self) -> None:
        self._lag.tick(perf_counter())
        self._ticks += 1
        if self._ticks % _TICKS_PER_READING == 0:
            self._lag_label.setText(f"loop lag {max(self._lag.read_ms(), 0):,.0f} ms")

    def show_rate(self, messages_per_s: float) -> None:
        self._rate_label.setText(f"{formats.fixed(messages_per_s, 0)} msgs/s")

    def show_frame(self, milliseconds: float) -> None:
        self._frame_label.setText(f"frame {milliseconds:.1f} ms")

    def show_oldest(self, venue: str | None, age_ms: float | None) -> None:
        self._oldest_label.setText(f"oldest book {venue} {formats.age(age_ms)}" if venue is not None else "")

    def show_time(self, text: str) -> None:
        """The desk's clock: a replay's date and speed, or the time of day."""
        self._time_label.setText(text)
