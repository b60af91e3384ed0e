"""One run of the desk behind the window: settle what must be, open, wait, close. Every way out leads through `run`.

Closing asks only when orders are working, and asks in the window's banner: a modal dialog would
lose another task's wake-up for ever. The window disappears at once; the desk then has a deadline. A signal,
Ctrl-C too, never asks: whoever sends it may not see the window.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, cast

from core.domain.errors import FathomError, NoAccounts
from gui.bootstrap import say_timing
from gui.cli import ModeName, Options
from gui.closing import closing_question, leave_label
from gui.layouts import LayoutStore
from gui.loading import beside, import_slowly
from gui.main_window import MainWindow
from gui.places import journal_profile
from gui.reporter import Reporter
from gui.signals import closed_by_signals
from gui.theme import Theme

if TYPE_CHECKING:
    from gui.start import Starter
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
    "gui.start",
    "gui.blotter",
    "gui.inspector.panel",
    "gui.compare.panel",
)

# Half a second each, which nobody feels while exchanges are asked. Demo and replay know no such while: there they come after the depth.
_WHILE_CONNECTING = ("pyqtgraph", "qtawesome")

_log = logging.getLogger(__name__)


class Session:
    """Opens the desk into the window and takes both down again.

    Attributes:
        mode: demo … live; another than was asked for when the trader has chosen so.
        opened: set when the panels are in.
        workspace: the panels; None until then.
        starter: asks what must be settled before; None until it can.
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
        self.mode: ModeName = options.mode
        self.workspace: Workspace | None = None
        self.starter: Starter | None = None
        self._stop = asyncio.Event()
        self._can_ask = asyncio.Event()
        self.opened = asyncio.Event()
        self._cancelling: asyncio.Task[None] | None = None
        self._closes_when_cancelled = False
        self._asked_to_close = 0
        self._failure: str | None = None
        self._not_ours: set[asyncio.Task[Any]] = set()
        self._dialogs: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """Until the trader closes the window, or the screenshot is taken. Returns the exit code."""
        loop = asyncio.get_running_loop()
        self._not_ours = asyncio.all_tasks()
        self._reporter.watch(loop)
        self._window.close_asked.connect(self.ask_to_close)
        self._window.accounts_asked.connect(self._show_accounts)
        with closed_by_signals(loop, self.close_now):
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
        await import_slowly(_HEAVY)
        from gui.accounts.backend import real_backend
        from gui.start import Starter, is_emulated

        asked = self._options
        self.starter = Starter(
            self._window, self._theme, self._reporter.report, real_backend, is_emulated, by_itself=asked.screenshot is None
        )
        self._can_ask.set()
        self._window.show_mode(self.mode, emulated=is_emulated(self.mode))
        missing: tuple[str, ...] = ()
        try:
            while (go := await self.starter.settle(self.mode, asked.venues, missing)) is not None:
                self.mode = cast(ModeName, go.mode)
                self._window.show_mode(go.mode, emulated=is_emulated(go.mode))
                self._window.say("connecting to venues…")
                try:
                    await self._trade(live_confirmed=go.live_confirmed)
                except NoAccounts as error:
                    missing = error.exchanges
                    continue
                return
            self._stop.set()
        except FathomError as error:
            self._fail(str(error), error.detail)

    async def _trade(self, *, live_confirmed: bool) -> None:
        """Until the program is to close.

        Raises:
            NoAccounts: the mode needs keys that are not there.
            FathomError: the desk can't be opened.
        """
        from core.desk.desk import open_desk
        from core.desk.profile import CONNECTED
        from core.desk.settings import Settings
        from gui.workspace import Workspace

        asked = self._options
        settings = Settings(
            mode=self.mode,
            live_confirmed=live_confirmed,
            replay=asked.replay,
            speed=asked.speed,
            symbol=asked.symbol,
            venues=asked.venues,
            seed=asked.seed,
            profile=journal_profile(asked.profile, self.mode),
        )
        async with beside(import_slowly(_WHILE_CONNECTING if self.mode in CONNECTED else ())), open_desk(settings) as desk:
            self.workspace = Workspace(desk, self._window, self._theme, self._reporter)
            self.workspace.first_depth.connect(lambda: say_timing(asked, "first live depth", self._started_s))
            self.opened.set()
            if asked.speed == "max":
                desk.run_freely()  # nobody would ever want a market that stands still on the screen
            try:
                await self._stop.wait()
            finally:
                await self.workspace.close()

    def _show_accounts(self) -> None:
        if self.starter is not None:
            task = asyncio.get_running_loop().create_task(self.starter.show_accounts(self.mode), name="accounts dialog")
            self._dialogs.add(task)
            task.add_done_callback(self._dialogs.discard)

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
        moments = {asyncio.ensure_future(self.opened.wait()), asyncio.ensure_future(self._asked())}
        await asyncio.wait({*moments, desk}, return_when=asyncio.FIRST_COMPLETED)
        for moment in moments:
            moment.cancel()
        await asyncio.wait(moments)
        if desk.done():  # it could not be opened, and has said why
            return
        try:
            async with asyncio.timeout(_DEPTH_DEADLINE_S + self._options.after):
                depth = [self.workspace.depth_shown.wait()] if self.workspace is not None else []  # else the picture is of the question
                await asyncio.gather(*depth, asyncio.sleep(self._options.after))
        except TimeoutError:
            self._fail(f"No picture was made: no venue sent depth for {self._options.symbol}.")
            return
        if not self._window.grab().save(str(self._options.screenshot)):
            self._fail(f"The picture could not be written to {self._options.screenshot}.")

    async def _asked(self) -> None:
        """Until a question is on the screen, which nobody will answer."""
        await self._can_ask.wait()
        assert self.starter is not None
        await self.starter.asking.wait()

    # -- closing -----------------------------------------------------------------------------------

    def ask_to_close(self) -> None:
        """Close, unless orders are working: then ask first. Asked a third time it stops asking."""
        self._asked_to_close += 1
        working = self.workspace.working_orders() if self.workspace is not None else []
        if not working or self._asked_to_close > 2:
            self._stop.set()
            return
        self._window.banner.ask(
            closing_question(self.mode, working),
            [
                (leave_label(self.mode), "normal", self._stop.set),
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
        for task in tuple(self._dialogs):
            task.cancel()
        await asyncio.gather(*self._dialogs, return_exceptions=True)
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
