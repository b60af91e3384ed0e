"""One run of the desk behind the window: open, wait, close. Every way out leads through `run`.

Closing asks only when orders are working, and asks in the window's banner: a modal dialog would
lose another task's wake-up for ever. The window disappears at once; the desk then has a deadline. A signal,
Ctrl-C too, never asks: whoever sends it may not see the window.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer

from core.domain.errors import FathomError
from gui.bootstrap import say_timing
from gui.cli import Options
from gui.closing import closing_question, leave_label
from gui.layouts import LayoutStore
from gui.main_window import MainWindow
from gui.reporter import Reporter
from gui.theme import Theme

if TYPE_CHECKING:
    from gui.workspace import Workspace

CLOSE_DEADLINE_S = 1.5
CANCEL_DEADLINE_S = 5.0
_DEPTH_DEADLINE_S = 15.0
# Heaviest last, one per turn of the loop: the window answers in between.
_HEAVY = (
    "numpy",
    "pydantic",
    "core.domain.market",
    "core.strategies.params",
    "core.desk.desk",
    "gui.depth.panel",
    "gui.ticket",
    "gui.blotter",
    "gui.inspector.panel",
    "gui.compare.panel",
)

_log = logging.getLogger(__name__)


class Session:
    """Opens the desk into the window and takes both down again.

    Attributes:
        opened: set when the panels are in.
        workspace: the panels; None until then.
    """

    def __init__(
        self, window: MainWindow, theme: Theme, reporter: Reporter, store: LayoutStore, options: Options, started_s: float
    ) -> None:
        self._window = window
        self._theme = theme
        self._reporter = reporter
        self._store = store
        self._options = options
        self._started_s = started_s
        self.workspace: Workspace | None = None
        self._stop = asyncio.Event()
        self.opened = asyncio.Event()
        self._cancelling: asyncio.Task[None] | None = None
        self._closes_when_cancelled = False
        self._asked_to_close = 0
        self._failure: str | None = None
        self._not_ours: set[asyncio.Task[Any]] = set()

    async def run(self) -> int:
        """Until the trader closes the window, or the screenshot is taken. Returns the exit code."""
        loop = asyncio.get_running_loop()
        self._not_ours = asyncio.all_tasks()
        self._reporter.watch(loop)
        self._window.close_asked.connect(self.ask_to_close)
        with _signals(loop, self):
            say_timing(self._options, "opening the desk", self._started_s)
            desk = loop.create_task(self._desk_life(), name="desk")
            desk.add_done_callback(self._on_desk_ended)
            if self._options.screenshot is not None:
                await self._unless_stopped(self._take_screenshot(desk))
                self._stop.set()
            await self._stop.wait()
            await self._take_down(desk)
        return 1 if self._failure else 0

    # -- opening -----------------------------------------------------------------------------------

    async def _desk_life(self) -> None:
        for module in _HEAVY:
            importlib.import_module(module)
            await asyncio.sleep(0)
        from core.desk.desk import open_desk
        from core.desk.settings import Settings
        from gui.workspace import Workspace

        asked = self._options
        try:
            settings = Settings(
                mode=asked.mode,
                replay=asked.replay,
                speed=asked.speed,
                symbol=asked.symbol,
                venues=asked.venues,
                seed=asked.seed,
                profile=asked.profile,
            )
            async with open_desk(settings) as desk:
                self.workspace = Workspace(desk, self._window, self._theme, self._reporter)
                self.workspace.first_depth.connect(lambda: say_timing(asked, "first live depth", self._started_s))
                self.opened.set()
                if asked.speed == "max":
                    desk.run_freely()  # nobody would ever want a market that stands still on the screen
                try:
                    await self._stop.wait()
                finally:
                    await self.workspace.close()
        except FathomError as error:
            self._fail(str(error), error.detail)

    def _on_desk_ended(self, desk: asyncio.Task[None]) -> None:
        if not desk.cancelled() and (error := desk.exception()) is not None:
            self._reporter.report(error, "running the desk")
            self._fail("The desk stopped because of a fault in Fathom; the log has the details.")

    def _fail(self, sentence: str, detail: object = None) -> None:
        """Say it in the window, and through the log on stderr."""
        self._failure = sentence
        self._window.say(sentence)
        _log.error("%s", sentence, extra={"detail": detail})
        if self._options.screenshot is not None:
            self._stop.set()

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """`work` to its end, or until the program is to close."""
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for unfinished in (task, stopped):
            unfinished.cancel()
        await asyncio.wait({task, stopped})
        if not task.cancelled():
            task.result()

    # -- screenshot --------------------------------------------------------------------------------

    async def _take_screenshot(self, desk: asyncio.Task[None]) -> None:
        opened = asyncio.ensure_future(self.opened.wait())
        await asyncio.wait({opened, desk}, return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        if self.workspace is None:  # it could not be opened, and has said why
            return
        try:
            async with asyncio.timeout(max(_DEPTH_DEADLINE_S, self._options.after)):
                await asyncio.gather(self.workspace.depth_shown.wait(), asyncio.sleep(self._options.after))
        except TimeoutError:
            self._fail(f"No picture was made: no venue sent depth for {self._options.symbol}.")
            return
        if not self._window.grab().save(str(self._options.screenshot)):
            self._fail(f"The picture could not be written to {self._options.screenshot}.")

    # -- closing -----------------------------------------------------------------------------------

    def ask_to_close(self) -> None:
        """Close, unless orders are working: then ask first. Asked a third time it stops asking."""
        self._asked_to_close += 1
        working = self.workspace.working_orders() if self.workspace is not None else []
        if not working or self._asked_to_close > 2:
            self._stop.set()
            return
        mode = self._options.mode
        self._window.banner.ask(
            closing_question(mode, working),
            [
                (leave_label(mode), "normal", self._stop.set),
                ("Cancel all and close", "danger", self._cancel_all_and_close),
                ("Stay", "primary", self._stay),
            ],
        )

    def close_now(self) -> None:
        """Without asking, as the system demands."""
        self._stop.set()

    def _stay(self) -> None:
        self._asked_to_close = 0
        self._closes_when_cancelled = False

    def _cancel_all_and_close(self) -> None:
        """Once: pressed again while venues are still answering, it waits for the same answers."""
        self._closes_when_cancelled = True
        if self._cancelling is not None and not self._cancelling.done():
            return
        self._cancelling = asyncio.get_running_loop().create_task(self._cancel_all(), name="cancel all and close")

    async def _cancel_all(self) -> None:
        assert self.workspace is not None
        try:
            async with asyncio.timeout(CANCEL_DEADLINE_S):
                await self.workspace.cancel_all()
        except (TimeoutError, FathomError) as error:
            _log.warning("Cancelling all orders before closing: %r", error)
        # Closing over an order that the trader believes cancelled would be a lie: ask again.
        self._asked_to_close = 0
        if self._closes_when_cancelled:
            self.ask_to_close()

    async def _take_down(self, desk: asyncio.Task[None]) -> None:
        if self._options.screenshot is None:
            self._store.save(self._window.layout_now())
        self._window.allow_close()
        self._window.close()
        if self._cancelling is not None and not self._cancelling.done():
            self._cancelling.cancel()
            await asyncio.wait({self._cancelling})
        if not desk.done() and not self.opened.is_set():
            desk.cancel()  # still opening: nothing was promised to anybody
        await asyncio.wait({desk}, timeout=CLOSE_DEADLINE_S)
        if not desk.done():
            _log.error("The desk did not close within %s s and was cancelled.", CLOSE_DEADLINE_S)
            desk.cancel()
            await asyncio.wait({desk}, timeout=CLOSE_DEADLINE_S)
        left = [task.get_name() for task in asyncio.all_tasks() - self._not_ours]
        if left:
            _log.warning("Tasks were still running at the end: %s", ", ".join(left))


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, session: Session) -> Iterator[None]:
    """Ctrl-C and a termination close without asking."""
    if sys.platform == "win32":
        # Windows has no wake-up for signals in Qt's loop: a timer lets Python look for them.
        before = signal.signal(signal.SIGINT, lambda _number, _frame: session.close_now())
        timer = QTimer()
        timer.start(200)
        timer.timeout.connect(lambda: None)
        yield
        timer.stop()
        signal.signal(signal.SIGINT, before)
        return
    loop.add_signal_handler(signal.SIGINT, session.close_now)
    loop.add_signal_handler(signal.SIGTERM, session.close_now)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)
