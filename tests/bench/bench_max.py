"""Whether the window is painted while a recording runs at speed 'max': `python -m tests.bench.bench_max`.

The pump and the window share one loop. The aim is a frame of the depth chart at least every 100 ms, of which the
chart's own clock takes 80. The one that takes longer, a second after the first, waits for the inspector's chart to load.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from gui.cli import Options
from gui.layouts import LayoutStore
from gui.main_window import MainWindow
from gui.reporter import Reporter
from gui.session import Session
from gui.theme import Theme
from tests.recordings import PERP, RECORDINGS, SPOT


async def _play(session: Session) -> tuple[list[float], int]:
    """When each frame was drawn, in seconds, and the messages that were played meanwhile."""
    life = asyncio.ensure_future(session.run())
    await session.opened.wait()
    assert session.workspace is not None
    frames_s: list[float] = []
    session.workspace.depth.drawn.connect(lambda *_: frames_s.append(perf_counter()))
    desk = session.workspace.desk
    await desk.market_ended()
    count = desk.orderbooks.message_count
    session.close_now()
    await life
    return frames_s, count


def main() -> None:
    """Print one row."""
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)  # as in the program: the session decides when it is over
    theme = Theme("dark")
    theme.apply(app)
    window = MainWindow(theme, "replay", "BTC/USDT")
    window.resize(1920, 1080)
    window.show()
    with tempfile.TemporaryDirectory() as home, asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        options = Options(mode="replay", replay=(RECORDINGS / SPOT, RECORDINGS / PERP), speed="max", profile=Path(home))
        frames_s, count = runner.run(_play(Session(window, theme, Reporter(), LayoutStore(None), options, perf_counter())))
    gaps_ms = sorted((after - before) * 1000 for before, after in pairwise(frames_s))
    took_s = frames_s[-1] - frames_s[0]
    sys.stdout.write("| messages/s | frames/s | median between frames ms | p99 ms | worst ms |\n|---|---|---|---|---|\n")
    sys.stdout.write(
        f"| {count / took_s:,.0f} | {len(frames_s) / took_s:.1f} | {gaps_ms[len(gaps_ms) // 2]:.0f} "
        f"| {gaps_ms[len(gaps_ms) * 99 // 100]:.0f} | {gaps_ms[-1]:.0f} |\n"
    )


if __name__ == "__main__":
    main()
