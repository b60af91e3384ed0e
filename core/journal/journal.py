"""The durable record. An intent is committed, with everything before it, before its order may leave.

Nothing here makes the loop wait for the disk: a disk that hangs must not keep a cancel from leaving. Entries are kept in
order, a thread commits them, and whoever needs the promise awaits `durable()`. What is appended while a commit is under way
shares the next one, so a hundred intents of one moment cost two commits, not a hundred.

When the disk fails nothing is lost while the program lives: entries stay in memory, in order, and are written when it is
back. Until then `trouble` says in one sentence why nothing may be sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import final

import orjson

from core.domain.errors import JournalError
from core.journal.entry import Entry, Kind, Line, Story
from core.journal.store import Store

log = logging.getLogger(__name__)

# What need not be durable before it goes on is committed after this much wall time; a crash loses at most these, never an intent.
_LAZY_S = 0.1
# A disk that failed is tried again this often.
_RETRY_S = 1.0
# Without a loop nobody commits by and by; this many entries are the most that wait for `flush`.
_MOST_UNWRITTEN = 256

TroubleListener = Callable[[JournalError | None], None]


@final
class Journal:
    """Append-only. Close it when the desk closes.

    Args:
        path: the database file; None keeps it in memory (scripts and tests that need no durability).

    Attributes:
        trouble: why nothing can be made durable now; None when all is well.

    Raises:
        JournalError: the file can't be opened, is damaged, locked, in use by another Fathom, or from a newer version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.trouble: JournalError | None = None
        self._store = Store(path)
        self._thread = None if path is None else ThreadPoolExecutor(1, thread_name_prefix="journal")
        if self._thread is not None:
            _ = self._thread.submit(int)  # a thread takes a while to start: not while the first order waits for it
        self._parent_of: dict[str, str] = {}
        self._unwritten: list[Line] = []
        self._seq = self._durable_seq = self._store.last_seq
        self._writing: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: list[TroubleListener] = []
        self._closed = False

    @property
    def last_us(self) -> int:
        """When the newest entry of an earlier run was made; 0 when there was none."""
        return self._store.last_us

    def on_trouble(self, listener: TroubleListener) -> Callable[[], None]:
        """Call `listener` when the disk fails, with the error, and with None when it is back; returns how to stop that."""
        self._listeners.append(listener)
        return partial(_remove, self._listeners, listener)

    # -- writing -----------------------------------------------------------------------------------

    def append(self, ts_us: int, order_id: str, kind: str, body: Mapping[str, object]) -> None:
        """Keep this entry for the next commit, which comes soon. Never waits, never fails.

        Args:
            order_id: a parent, or a child whose `Kind.INTENT` has been appended before or read back.
        """
        if kind == Kind.INTENT:
            self._parent_of[order_id] = str(body["parent"])
        self._seq += 1
        encoded = orjson.dumps(body, default=_plain, option=orjson.OPT_NON_STR_KEYS)
        over = kind == Kind.STATE and body.get("over") is True
        self._unwritten.append(Line(self._seq, ts_us, self._parent_of.get(order_id, order_id), order_id, kind, encoded, over))
        self._write_by_and_by()

    async def durable(self) -> None:
        """Return once everything appended so far survives a power cut.

        Raises:
            JournalError: it does not. The entries are kept and tried again.
        """
        if self._thread is None:
            self.flush()
            return
        wanted = self._seq
        while self._durable_seq < wanted:
            await asyncio.wait([self._write_now(self._thread)])
            self.check()

    def check(self) -> None:
        """Whether intents can be made durable, as far as is known.

        Raises:
            JournalError: they can't; nothing may be sent.
        """
        if self.trouble is not None:
            raise JournalError(str(self.trouble), detail=self.trouble.detail)

    def hurry(self) -> None:
        """Write what this turn of the loop appends as soon as it is over: a crash must not unsay it, although nobody waits for it."""
        if self._thread is not None and self.trouble is None and not self._closed:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(0, self._write_now, self._thread)

    def flush(self) -> None:
        """As `durable`, but the caller's thread waits: for the end of a program.

        Raises:
            JournalError: as there.
        """
        lines = list(self._unwritten)
        error: JournalError | None = None
        try:
            self._store.write(lines)  # what the thread is writing at this moment is passed over
        except JournalError as failed:
            error = failed
        self._settle(lines, error)
        if error is not None:
            raise error

    def close(self) -> None:
        """Write what is not written yet, and let go of the file.

        Raises:
            JournalError: some of it could not be written and is lost.
        """
        self._closed = True
        self._stop_timer()
        try:
            self.flush()
        finally:
            if self._thread is not None:
                self._thread.shutdown()
            self._store.close()

    # -- reading -----------------------------------------------------------------------------------

    def entries(self, order_id: str | None = None) -> list[Entry]:
        """What was appended, oldest first: of a parent with its children, of one child, or all of it.

        Raises:
            JournalError: the file can't be written or read.
        """
        self.flush()
        return self._store.entries(order_id)

    def load(self, *, since_us: int = 0, at_most: int = 500) -> list[Story]:
        """Every parent that is not over, and the newest `at_most` of those made since `since_us` that are; oldest first.

        Raises:
            JournalError: the file is damaged.
        """
        self.flush()
        stories = self._store.stories(over=True, since_us=since_us, at_most=at_most) + self._store.stories(over=False)
        stories.sort(key=lambda story: story.entries[0].seq if story.entries else 0)
        for story in stories:
            for entry in story.entries:
                if entry.kind == Kind.INTENT:
                    self._parent_of[entry.order_id] = story.parent_id
        return stories

    def parent_of(self, client_id: str) -> str | None:
        """The parent of a child, also of one that `load` left out; None when no order of that id was ever meant to be sent."""
        if client_id not in self._parent_of and (found := self._store.parent_of(client_id)) is not None:
            self._parent_of[client_id] = found
        return self._parent_of.get(client_id)

    # -- inside ------------------------------------------------------------------------------------

    def _write_by_and_by(self) -> None:
        if self._timer is not None or self._writing is not None or self._closed:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if len(self._unwritten) >= _MOST_UNWRITTEN and self.trouble is None:
                self._try_flush()
            return
        delay_s = _LAZY_S if self.trouble is None else _RETRY_S
        self._timer = loop.call_later(delay_s, *((self._try_flush,) if self._thread is None else (self._write_now, self._thread)))

    def _try_flush(self) -> None:
        self._stop_timer()
        with suppress(JournalError):  # `trouble` has it, and those who listen
            self.flush()

    def _write_now(self, thread: ThreadPoolExecutor) -> asyncio.Future[None]:
        """Start committing what is unwritten, unless a commit is under way; done when that one is."""
        self._stop_timer()
        if self._writing is None:
            lines = list(self._unwritten)
            self._writing = asyncio.get_running_loop().run_in_executor(thread, self._store.write, lines)
            self._writing.add_done_callback(partial(self._written, lines))
        return self._writing

    def _written(self, lines: list[Line], writing: asyncio.Future[None]) -> None:
        self._writing = None
        if writing.cancelled():
            return
        error = writing.exception()
        if error is not None and not isinstance(error, JournalError):
            error = JournalError("The journal can't be written: an internal error; see the log. Trading stops.", detail=error)
        self._settle(lines, error)

    def _settle(self, lines: list[Line], error: JournalError | None) -> None:
        """Take in how a commit of `lines` went."""
        if error is None and lines:
            self._durable_seq = max(self._durable_seq, lines[-1].seq)
            self._unwritten = [line for line in self._unwritten if line.seq > self._durable_seq]
        before, self.trouble = self.trouble, error
        if self._unwritten:
            self._write_by_and_by()
        if (before is None) != (error is None):
            if error is not None:
                log.error("%s", error, extra={"detail": error.detail})
            for listener in tuple(self._listeners):
                listener(error)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _remove(listeners: list[TroubleListener], listener: TroubleListener) -> None:
    if listener in listeners:
        listeners.remove(listener)
