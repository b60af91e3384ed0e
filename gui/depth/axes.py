"""Grid, labels and crosshair of the depth chart, drawn straight onto a painter.

Bids and asks are named in words beside ▲ and ▼; the mid's label says when the venues cross each other,
which a merged book does by right.
"""

from __future__ import annotations

import math
from decimal import Decimal

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from core.domain.market import MergedDepth
from gui import formats
from gui.depth.geometry import Frame
from gui.depth.ranges import nice_step, ticks_between
from gui.theme import Theme

_LABEL_EVERY_PX = 120
_AMOUNT_EVERY_PX = 56
_CENTRED = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def price_ticks(frame: Frame, decimals: int) -> list[float]:
    """Round prices for the bottom axis, never finer than the tick."""
    step = nice_step(2 * frame.half_width, round((frame.right - frame.left) / _LABEL_EVERY_PX), 10.0**-decimals)
    return ticks_between(frame.low, frame.high, step)


def amount_ticks(frame: Frame) -> list[float]:
    """Round amounts for the left axis, without the zero."""
    step = nice_step(frame.height, round((frame.bottom - frame.top) / _AMOUNT_EVERY_PX))
    return [tick for tick in ticks_between(0.0, frame.height, step) if tick > 0]


def amount_label(amount: float, height: float) -> str:
    """All labels of one axis alike: whole numbers and decimals by the axis's height, K and M only for very tall ones."""
    if height >= 100_000:
        return formats.compact(amount)
    return formats.fixed(amount, max(0, 2 - int(math.log10(max(height, 1e-9)))) if height < 100 else 0)


def draw_grid(painter: QPainter, theme: Theme, frame: Frame, mid: Decimal | None) -> None:
    """Faint lines over the bands, and the mid dashed."""
    painter.setPen(QPen(theme.color("muted", 0.12), 1.0))
    for amount in amount_ticks(frame):
        y = round(frame.y(amount))
        painter.drawLine(QLineF(frame.left, y, frame.right, y))
    if mid is not None:
        painter.setPen(QPen(theme.color("muted", 0.8), 1.0, Qt.PenStyle.DotLine))
        x = round(frame.x(float(mid)))
        painter.drawLine(QLineF(x, frame.top, x, frame.bottom))


def draw_labels(painter: QPainter, theme: Theme, frame: Frame, depth: MergedDepth, decimals: int, crossed_bps: float | None) -> None:
    """Axes, the names of the sides, mid and spread."""
    painter.setPen(QPen(theme.color("divider"), 1.0))
    painter.drawLine(QLineF(frame.left, round(frame.bottom), frame.right, round(frame.bottom)))
    metrics = QFontMetricsF(painter.font())
    painter.setPen(theme.color("muted"))
    for amount in amount_ticks(frame):
        painter.drawText(QRectF(0, frame.y(amount) - 8, frame.left - 6, 16), _RIGHT, amount_label(amount, frame.height))
    painter.drawText(QRectF(0, frame.bottom + 3, frame.left - 6, 16), _RIGHT, depth.symbol.split("/")[0])
    for price in price_ticks(frame, decimals):
        text = formats.price(price, decimals)
        half = metrics.horizontalAdvance(text) / 2
        if frame.x(price) - half > frame.left and frame.x(price) + half < frame.right:
            painter.drawText(QRectF(frame.x(price) - half - 2, frame.bottom + 3, 2 * half + 4, 16), _CENTRED, text)
    _draw_side_names(painter, theme, frame)
    _draw_mid(painter, theme, frame, depth, decimals, crossed_bps)


def _draw_side_names(painter: QPainter, theme: Theme, frame: Frame) -> None:
    painter.setFont(theme.ui_font(11, QFont.Weight.DemiBold))
    painter.setPen(theme.color("buy"))
    painter.drawText(QRectF(frame.left + 8, 4, 120, 18), _LEFT, "▲ BIDS")
    painter.setPen(theme.color("sell"))
    painter.drawText(QRectF(frame.right - 132, 4, 120, 18), _RIGHT, "ASKS ▼")


def _draw_mid(painter: QPainter, theme: Theme, frame: Frame, depth: MergedDepth, decimals: int, crossed_bps: float | None) -> None:
    middle = (frame.left + frame.right) / 2
    painter.setFont(theme.ui_font(12, QFont.Weight.DemiBold))
    painter.setPen(theme.color("strong"))
    mid = formats.price(depth.mid, decimals + 1)
    painter.drawText(QRectF(middle - 170, 4, 162, 18), _RIGHT, mid)
    painter.setFont(theme.ui_font(11))
    if crossed_bps is not None:
        painter.setPen(theme.color("warn"))
        painter.drawText(QRectF(middle + 8, 4, 200, 18), _LEFT, f"crossed {formats.bps(crossed_bps, 2)}")
    elif depth.best_bid is not None and depth.best_ask is not None and depth.mid:
        painter.setPen(theme.color("muted"))
        spread = (depth.best_ask - depth.best_bid) / depth.mid * 10_000
        painter.drawText(QRectF(middle + 8, 4, 200, 18), _LEFT, f"spread {formats.bps(spread, 2)}")


def draw_worst(painter: QPainter, theme: Theme, frame: Frame, price: float, decimals: int) -> None:
    """The worst price that the plan may pay, dashed."""
    x = round(frame.x(price))
    painter.setPen(QPen(theme.color("strong"), 1.0, Qt.PenStyle.DashLine))
    painter.drawLine(QLineF(x, frame.top, x, frame.bottom))
    _draw_tag(painter, theme, QPointF(x, frame.top + 12), f"worst {formats.price(price, decimals)}", frame)


def draw_crosshair(painter: QPainter, theme: Theme, frame: Frame, x: float, depth: MergedDepth, decimals: int) -> None:
    """Lines at the cursor and, fainter, at the same distance on the other side of the mid; the price below."""
    painter.setPen(QPen(theme.color("crosshair"), 1.0))
    painter.drawLine(QLineF(round(x), frame.top, round(x), frame.bottom))
    price = frame.price_at(x)
    if depth.mid is not None:
        mirrored = frame.x(2 * float(depth.mid) - price)
        if frame.left < mirrored < frame.right:
            painter.setPen(QPen(theme.color("crosshair", 0.5), 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(QLineF(round(mirrored), frame.top, round(mirrored), frame.bottom))
    _draw_tag(painter, theme, QPointF(x, frame.bottom + 11), formats.price(price, decimals), frame)


def _draw_tag(painter: QPainter, theme: Theme, at: QPointF, text: str, frame: Frame) -> None:
    painter.setFont(theme.ui_font(11))
    width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 12
    left = min(max(at.x() - width / 2, frame.left), frame.right - width)
    box = QRectF(round(left), round(at.y() - 9), round(width), 18)
    painter.setPen(QPen(theme.color("border"), 1.0))
    painter.setBrush(QColor(theme.hex("raised")))
    painter.drawRect(box)
    painter.setPen(theme.color("strong"))
    painter.drawText(box, _CENTRED, text)
