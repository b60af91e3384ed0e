"""From a command line to a window, then to a running desk: the order of things is the point.

The window is on the screen before numpy, pydantic, asyncio or the core are imported, because PySide6 hooks
`__import__` and makes each of them slower than it is alone. The loop is closed before the
application dies; the other way round Qt warns, or crashes.
"""

from __future__ import annotations

import os
import sys
from time import perf_counter

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.cli import Options
from gui.layouts import LayoutStore, layout_path
from gui.main_window import MainWindow
from gui.theme import Theme

# How long a window manager may take to map the window before we go on without waiting for it.
_PATIENCE_S = 0.5


def run(options: Options, started_s: float) -> int:
    """Show the window, open the desk, stay until closed; returns the exit code."""
    QGuiApplication.setDesktopFileName("fathom")
    app = QApplication.instance() or QApplication(["fathom"])
    assert isinstance(app, QApplication)
    app.setApplicationName("Fathom")
    app.setQuitOnLastWindowClosed(False)

    store = LayoutStore(None if options.screenshot else layout_path(options.profile))
    layout = store.load()
    theme = Theme(options.theme or layout.theme, layout.palette, swap=layout.swap)
    theme.apply(app)
    window = MainWindow(theme, options.mode, options.symbol)
    window.say("connecting to venues…")
    if options.screenshot:
        window.resize(*options.size)
        window.reset_layout()
    else:
        window.restore(layout)
    window.show()
    window.setFocus()
    _wait_until_visible(app, window)
    say_timing(options, "window visible", started_s)
    return _live(app, window, theme, store, options, started_s)


def _live(app: QApplication, window: MainWindow, theme: Theme, store: LayoutStore, options: Options, started_s: float) -> int:
    os.environ["QT_API"] = "pyside6"  # for qasync, which otherwise looks for bindings by itself
    import asyncio

    from qasync import QEventLoop

    from gui.logs import start_logging, stop_logging
    from gui.reporter import Reporter
    from gui.session import Session

    handlers = start_logging(options.log_level, options.profile)
    reporter = Reporter()
    reporter.install()
    reporter.reported.connect(window.banner.show_report)
    try:
        with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
            return runner.run(Session(window, theme, reporter, store, options, started_s).run())
    finally:
        reporter.remove()
        stop_logging(handlers)
        window.deleteLater()
        app.processEvents()


def _wait_until_visible(app: QApplication, window: MainWindow) -> None:
    deadline_s = perf_counter() + _PATIENCE_S
    handle = window.windowHandle()
    while not handle.isExposed() and perf_counter() < deadline_s:
        app.processEvents()
    app.processEvents()


def say_timing(options: Options, what: str, started_s: float) -> None:
    """One line in the log, and on stdout when `--timings` asks for it."""
    import logging  # asyncio brings it; the window does not wait for it

    line = f"{what} after {perf_counter() - started_s:.3f} s"
    logging.getLogger(__name__).info(line)
    if options.timings:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
