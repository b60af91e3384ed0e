"""What one frame of the depth chart costs, geometry and painting apart: `python -m tests.bench.bench_paint`.

Paints the real widget at 1200×500 on Qt's raster engine and prints markdown rows. A frame of the window is
merge + geometry + paint; the aim is 4 ms.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from core.domain.enums import MarketType
from core.domain.instruments import Instrument
from core.domain.market import BookState, BookView, Levels, MarketView
from core.market.depth import merge_depth
from gui.depth.chart import DepthChart
from gui.theme import Theme

_FRAMES = 200
_NAMES = ("binance_spot", "binance_perp", "bybit_spot", "bybit_perp", "okx_spot", "okx_perp", "kraken_spot", "kraken_perp")


def _market(venues: int, levels: int) -> MarketView:
    """Books of `levels` a side around 60,000 that fill about ±25 bps."""
    random = np.random.default_rng(7)
    books = {}
    for name in _NAMES[:venues]:
        instrument = Instrument(name, "BTC/USDT", MarketType.SPOT, Decimal("0.1"), Decimal("0.001"))
        gaps = random.integers(1, max(2, 3000 // levels), (2, levels)).cumsum(axis=1)
        sizes = random.integers(1, 3000, (2, levels))
        books[name] = BookView(instrument, Levels(600_000 - gaps[0], sizes[0]), Levels(600_000 + gaps[1], sizes[1]), BookState.LIVE, 1)
    return MarketView("BTC/USDT", 1, books)


def _median_ms(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(_FRAMES):
        started_s = perf_counter()
        work()
        times.append((perf_counter() - started_s) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print a row per size of market."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme = Theme()
    theme.apply(app)
    sys.stdout.write("| venues × levels × sides | mode | merge ms | geometry ms | paint ms | frame ms |\n|---|---|---|---|---|---|\n")
    for venues, levels in ((6, 200), (8, 500)):
        for overlay in (False, True):
            _print_row(theme, venues, levels, overlay=overlay)


def _print_row(theme: Theme, venues: int, levels: int, *, overlay: bool) -> None:
    chart = DepthChart(theme)
    chart.resize(1200, 500)
    chart.set_overlay(overlay)
    chart.span.chosen_bps = 25
    market = _market(venues, levels)
    image = QImage(chart.size(), QImage.Format.Format_ARGB32_Premultiplied)

    def merge() -> object:
        return merge_depth(market, price_step=Decimal("0.5"), span_bps=37.5)

    depth = merge_depth(market, price_step=Decimal("0.5"), span_bps=37.5)

    def paint() -> None:
        painter = QPainter(image)
        chart.draw(painter)
        painter.end()

    costs = [_median_ms(merge), _median_ms(lambda: chart.show_depth(depth, None)), _median_ms(paint)]
    shown = " | ".join(f"{cost:.2f}" for cost in (*costs, sum(costs)))
    sys.stdout.write(f"| {venues} × {levels} × 2 | {'overlay' if overlay else 'stacked'} | {shown} |\n")
    chart.deleteLater()


if __name__ == "__main__":
    main()
