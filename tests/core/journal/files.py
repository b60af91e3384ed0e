"""Journals whose disk does what a test says."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from core.journal.entry import Line
from core.journal.journal import Journal
from core.journal.store import Store, read_entries


class Disk:
    """Stands between a journal and its file.

    Attributes:
        fault: a PRAGMA that every connection suffers while it is set: `query_only=ON` is a read-only disk.
        commits: how many entries each commit was given, in order.
        may_go_on: cleared, the disk hangs.
        wrote: set once something has been committed.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fault = ""
        self.commits: list[int] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.wrote = threading.Event()
        write, connect = Store.write, Store._connect

        def slow_write(store: Store, lines: list[Line]) -> None:
            assert self.may_go_on.wait(20)
            self.commits.append(len(lines))
            if self.fault:
                store._hang_up()  # so that the next connection feels it
            write(store, lines)
            self.wrote.set()

        def faulty_connect(store: Store, *, make: bool = False) -> sqlite3.Connection:
            db = connect(store, make=make)
            if self.fault:
                db.execute(f"PRAGMA {self.fault}")
            return db

        monkeypatch.setattr(Store, "write", slow_write)
        monkeypatch.setattr(Store, "_connect", faulty_connect)

    def fill_up(self) -> None:
        """Not one more page fits."""
        self.fault = "max_page_count=1"


def let_go(journal: Journal) -> None:
    """What the end of its process does to a journal: nothing more is written, the lock is gone."""
    journal._closed = True
    journal._stop_timer()
    if journal._thread is not None:
        journal._thread.shutdown()
    journal._store.close()


def kinds(path: Path) -> list[str]:
    return [entry.kind for entry in read_entries(path)]


def intents(journal: Journal, count: int, parent: str = "P-1") -> None:
    """A parent and its children's intents."""
    journal.append(1, parent, "parent", {"amount": "1"})
    for index in range(count):
        journal.append(2, f"{parent}-c{index}", "intent", {"parent": parent})
