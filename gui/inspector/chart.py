"""How a working algo keeps its schedule: filled against wanted, over time.

pyqtgraph takes half a second to import, so this module is loaded only once the window has settled. A step, not a slope:
nothing was filled between two fills.
"""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.domain.orders import OrderSnapshot
from gui import formats
from gui.inspector.story import Story, steps
from gui.theme import Theme

_TARGET_PX, _FILLED_PX = 1.0, 2.0


class ScheduleChart(QWidget):
    """Base over minutes since the start. The target is dashed, the fills solid and filled below."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._plot = pg.PlotWidget(self, axisItems={"bottom": _Minutes("bottom")})
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.getPlotItem().showGrid(x=False, y=True, alpha=0.12)
        self._plot.getAxis("left").setWidth(52)
        self._filled = self._plot.plot([], [], fillLevel=0.0)
        self._target = self._plot.plot([], [])
        self._legend = pg.TextItem(anchor=(0, 0))
        self._legend.setParentItem(self._plot.getViewBox())
        self._legend.setPos(6, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.addWidget(self._plot)
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        theme = self._theme
        self._plot.setBackground(theme.color("panel"))
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(pg.mkPen(theme.color("divider")))
            axis.setTextPen(pg.mkPen(theme.color("muted")))
            axis.setTickFont(theme.ui_font(11))
        self._filled.setPen(pg.mkPen(theme.color("accent"), width=_FILLED_PX))
        self._filled.setFillBrush(theme.color("accent", 0.18))
        self._target.setPen(pg.mkPen(theme.color("strong"), width=_TARGET_PX, style=Qt.PenStyle.DashLine))
        self._legend.setFont(theme.ui_font(11))
        self._legend.setColor(theme.color("muted"))

    def show_story(self, story: Story, order: OrderSnapshot, now_us: int) -> None:
        """Draw the whole way; of a running order up to `now_us`, with room to its end."""
        start_us = story.times_us[0] if story.times_us else order.created_us
        end_us = order.updated_us if order.terminal else max(now_us, start_us)
        seconds = [(ts_us - start_us) / 1e6 for ts_us in story.times_us]
        last_s = max((end_us - start_us) / 1e6, seconds[-1] if seconds else 0.0)
        self._filled.setData(*steps(list(zip(seconds, story.filled, strict=True)), last_s))
        wanted = [(second, target) for second, target in zip(seconds, story.target, strict=True) if target is not None]
        self._target.setData(*steps(wanted, last_s))
        until_us = max(order.ends_us or end_us, end_us)
        self._plot.setXRange(0, max((until_us - start_us) / 1e6, 1.0), padding=0.01)
        self._plot.setYRange(0, float(order.amount), padding=0.08)
        self._legend.setText(f"— filled   ╌ schedule   {order.symbol.split('/')[0]}")

    def curves(self) -> tuple[list[float], list[float]]:
        """The y values that are drawn: filled, target."""
        return _values(self._filled), _values(self._target)


def _values(curve: pg.PlotDataItem) -> list[float]:
    _, values = curve.getData()
    return [] if values is None else [float(value) for value in values]


class _Minutes(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph ships no types
    """Seconds as `m:ss`."""

    def tickStrings(self, values: list[float], _scale: float, _spacing: float) -> list[str]:
        return [formats.duration(value) for value in values]
