"""The disk that outlives every desk: a real store in memory, and a thread that takes a few turns of the loop for a commit.

A process may die before a commit or after it, and between the commit and the moment it hears of it. What was only appended
is gone then, as it would be from a real process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast, final

from core.domain.errors import JournalError
from core.execution.records import rebuild
from core.execution.state import ParentState
from core.journal.entry import Entry, Line, Story
from core.journal.journal import Journal
from core.journal.store import _COLUMNS, Store, _entry
from tests.core.execution.stateful.life import Life

# Turns of the loop between the start of a commit and its end: others go on meanwhile.
_TURNS = 3


@final
class Disk:
    """One journal file, as it is.

    Attributes:
        full: commits fail.
        commits: how many there were.
    """

    def __init__(self) -> None:
        self.full = False
        self.commits = 0
        self._store = Store(None)
        self._read: dict[str, tuple[int, ParentState]] = {}
        self._seen_seq = 0

    def holds_intent(self, client_id: str) -> bool:
        """Whether a power cut now would leave the intent of this child."""
        return self._store.parent_of(client_id) is not None

    def cancels(self) -> set[str]:
        """Parents whose cancel would survive a power cut now."""
        wishes = self._store._query("SELECT parent_id FROM entries WHERE kind = 'wish' AND body LIKE '%\"cancel\"%'")
        return {row[0] for row in wishes}

    def parents(self) -> list[ParentState]:
        """All parents as a process that started now would find them."""
        for parent_id, seq in self._store._query("SELECT parent_id, MAX(seq) FROM entries GROUP BY parent_id"):
            if parent_id and self._read.get(parent_id, (0,))[0] != seq:
                self._read[parent_id] = seq, rebuild(Story(parent_id, over=False, entries=self._store._of_parent(parent_id)))
        return [parent for _, parent in self._read.values()]

    def news(self) -> list[Entry]:
        """What was written since this was last asked."""
        entries = [_entry(row) for row in self._store._query(f"SELECT {_COLUMNS} FROM entries WHERE seq > ? ORDER BY seq", self._seen_seq)]
        self._seen_seq = entries[-1].seq if entries else self._seen_seq
        return entries

    def open(self, life: Life) -> Journal:
        """The journal as a process that starts now finds it; it ends with `life`."""
        journal = Journal()
        journal._store.close()
        journal._store = self._store
        newest = self._store._query("SELECT seq, ts_us FROM entries ORDER BY seq DESC LIMIT 1")
        self._store.last_seq, self._store.last_us = newest[0] if newest else (0, 0)
        journal._seq = journal._durable_seq = self._store.last_seq
        journal._thread = cast(ThreadPoolExecutor, _Thread(life))
        self._mortal(journal, life)
        return journal

    def _mortal(self, journal: Journal, life: Life) -> None:
        append, write = journal.append, self._store.write

        def mortal_append(*entry: Any) -> None:
            if not life.over:
                append(*entry)
                life.moment()

        def mortal_write(lines: Sequence[Line]) -> None:
            life.moment()  # dying here, it has not reached the disk ...
            if life.over or not lines:
                return
            if self.full:
                raise JournalError("The journal in memory can't be written: the disk is full. Trading stops until it can be.")
            write(lines)
            self.commits += 1
            life.moment()  # ... and here, it has, and nobody knows

        journal.append = mortal_append  # type: ignore[method-assign,assignment]  # death comes to every instance on its own
        journal._store = cast(Store, _Handle(self._store, mortal_write))

    def close(self) -> None:
        self._store.close()


@final
class _Handle:
    """A process's own handle on the store: what it writes after its death goes nowhere."""

    def __init__(self, store: Store, write: Callable[[Sequence[Line]], None]) -> None:
        self.write = write
        self.entries, self.stories, self.parent_of = store.entries, store.stories, store.parent_of
        self.last_seq, self.last_us = store.last_seq, store.last_us

    def close(self) -> None:
        """The disk stays."""


@final
class _Thread:
    """An executor whose work is done some turns of the loop later, if the process still lives."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._turn(_TURNS, future, work, args)
        return future

    def _turn(self, left: int, future: Future[Any], work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if self._life.over:
            return
        if left:
            asyncio.get_running_loop().call_soon(self._turn, left - 1, future, work, args)
            return
        try:
            work(*args)
        except JournalError as error:
            future.set_exception(error)
        else:
            if not self._life.over:
                future.set_result(None)

    def shutdown(self) -> None:
        """Nothing runs by itself."""
