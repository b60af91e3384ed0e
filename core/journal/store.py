"""The journal's file: SQLite in WAL mode with synchronous=FULL, so a commit survives a power cut.

After a failure the connection is opened anew for the next try: a disk that was away comes back under a new handle. But
a file that has *vanished* is not made anew, because its orders would be forgotten without a word. Methods may be
called from any thread, one at a time.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, final

import orjson

from core.domain.errors import JournalError
from core.journal.entry import Entry, Kind, Line, Story
from core.journal.failures import WAY_ON, in_words
from core.journal.lock import ProfileLock
from core.journal.schema import SCHEMA_VERSION, bring_up

_log = logging.getLogger(__name__)

# How long another program's lock on the file is waited for; the writer's thread waits, not the loop.
_BUSY_S = 1.0
_COLUMNS = "seq, ts_us, parent_id, order_id, kind, body"
_ALL_ENTRIES = f"SELECT {_COLUMNS} FROM entries ORDER BY seq"  # noqa: S608 - a constant
# Rows of one INSERT. SQLite takes 999 values in one statement in its oldest builds.
_ROWS = 100


@final
class Store:
    """One open file, or one database in memory.

    Args:
        path: None keeps it in memory.

    Attributes:
        last_seq, last_us: of the newest entry; 0 in an empty journal.

    Raises:
        JournalError: it can't be opened, is damaged, locked, in use, or from a newer version.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._lock: ProfileLock | None = None
        self._inode = self._log_inode = 0
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = ProfileLock(path.with_suffix(".lock"))
            self._db = self._connect(make=True)
            self._prepare(self._db)
            self._inode = path.stat().st_ino if path is not None else 0
            newest = self._db.execute("SELECT seq, ts_us FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        except BaseException as error:
            self.close()
            if isinstance(error, sqlite3.Error | OSError):
                raise JournalError(f"{self._name} can't be opened: {in_words(error)}.", detail=error) from error
            if isinstance(error, ValueError | KeyError | TypeError):  # an old version's entries made no sense
                raise JournalError(f"{self._name} can't be brought up to this version: it is damaged; {WAY_ON}.", detail=error) from error
            raise
        self.last_seq: int = newest[0] if newest else 0
        self.last_us: int = newest[1] if newest else 0

    @property
    def in_memory(self) -> bool:
        return self._path is None

    @property
    def _name(self) -> str:
        return _name_of(self._path)

    def _connect(self, *, make: bool = False) -> sqlite3.Connection:
        mode = "rwc" if make else "rw"
        where = ":memory:" if self._path is None else f"{self._path.absolute().as_uri()}?mode={mode}"
        db = sqlite3.connect(where, isolation_level=None, timeout=_BUSY_S, check_same_thread=False, uri=True)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise JournalError(f"{self._name} is a database of another program; move it away.")
        if version > SCHEMA_VERSION:
            raise JournalError(f"{self._name} was written by a newer Fathom; update before trading.")
        if version < SCHEMA_VERSION:
            db.execute("BEGIN IMMEDIATE")
            bring_up(db, version)
            db.execute("COMMIT")

    # -- writing -----------------------------------------------------------------------------------

    def write(self, lines: Sequence[Line]) -> None:
        """Commit all of `lines`, in one transaction; those that are there already are passed over.

        Raises:
            JournalError: none of them is surely durable. Try the same lines again.
        """
        if not lines:
            return
        with self._guard:
            try:
                self._check_in_place()
                self._db = self._db or self._connect()
                _insert(self._db, lines)
                self._log_inode = self._log_inode or self._inode_of_log()
            except (sqlite3.Error, OSError) as error:
                self._hang_up()
                raise JournalError(
                    f"{self._name} can't be written: {in_words(error)}. Trading stops until it can be.", detail=error
                ) from error

    def _check_in_place(self) -> None:
        """What is written to a file that nobody can open any more is not durable, however well it is synced."""
        if self._path is None:
            return
        if self._path.stat().st_ino != self._inode:
            raise OSError(0, "Another file has taken its place")
        if self._db is not None and self._log_inode and self._inode_of_log() != self._log_inode:
            _log.warning("the log beside %s was taken away; what is in it is carried over", self._path)
            self._hang_up()  # what the log held is written to the file itself as it is closed

    def _inode_of_log(self) -> int:
        """Of the write-ahead log beside the file, which holds the newest commits; 0 while there is none."""
        log = Path(f"{self._path}-wal")
        return log.stat().st_ino if log.exists() else 0

    def _hang_up(self) -> None:
        if self._db is None or self._path is None:
            if self._db is not None and self._db.in_transaction:
                self._db.execute("ROLLBACK")
            return
        self._db.close()  # takes an unfinished transaction back
        self._db, self._log_inode = None, 0

    # -- reading -----------------------------------------------------------------------------------

    def entries(self, order_id: str | None = None) -> list[Entry]:
        """What was written, oldest first: of one parent with its children, of one child, or all of it.

        Raises:
            JournalError: the file is damaged. So do the others here.
        """
        if order_id is None:
            return [_entry(row, self._path) for row in self._query(_ALL_ENTRIES)]
        parent_id = self.parent_of(order_id) or order_id
        return [entry for entry in self._of_parent(parent_id) if order_id in (entry.order_id, parent_id)]

    def parent_of(self, client_id: str) -> str | None:
        """The parent of a child that has ever been meant to be sent; None when there was none of that id."""
        rows = self._query("SELECT parent_id FROM entries WHERE order_id = ? AND kind = 'intent'", client_id)
        return rows[0][0] if rows else None

    def stories(self, *, over: bool, since_us: int = 0, at_most: int = -1) -> list[Story]:
        """Parents with everything about them, oldest first; the newest `at_most` of those made since `since_us` (-1: all)."""
        newest_first = "SELECT parent_id FROM parents WHERE over = ? AND created_us >= ? ORDER BY created_us DESC LIMIT ?"
        ids = [row[0] for row in self._query(newest_first, over, since_us, at_most)]
        return [Story(parent_id, over, self._of_parent(parent_id)) for parent_id in reversed(ids)]

    def _of_parent(self, parent_id: str) -> list[Entry]:
        rows = self._query(f"SELECT {_COLUMNS} FROM entries WHERE parent_id = ? ORDER BY seq", parent_id)  # noqa: S608 - a constant
        return [_entry(row, self._path) for row in rows]

    def _query(self, query: str, *values: object) -> list[Any]:
        try:
            with self._guard:
                self._db = self._db or self._connect()
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise JournalError(f"{self._name} can't be read: {in_words(error)}.", detail=error) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            if self._db is not None:
                self._db.close()
                self._db = None
        if self._lock is not None:
            self._lock.release()


def _insert(db: sqlite3.Connection, lines: Sequence[Line]) -> None:
    """In few large statements: for every row of a small one the thread gives the interpreter up and waits to get it back."""
    db.execute("BEGIN IMMEDIATE")
    for start in range(0, len(lines), _ROWS):
        some = lines[start : start + _ROWS]
        rows = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(some))
        values = [value for line in some for value in (line.seq, line.ts_us, line.parent_id, line.order_id, line.kind, line.body)]
        db.execute(f"INSERT OR IGNORE INTO entries ({_COLUMNS}) VALUES {rows}", values)  # noqa: S608 - constants and question marks
    new = [(line.parent_id, line.ts_us) for line in lines if line.kind == Kind.PARENT]
    ended = [(line.parent_id,) for line in lines if line.over]
    if new:
        db.executemany("INSERT OR IGNORE INTO parents (parent_id, created_us) VALUES (?, ?)", new)
    if ended:
        db.executemany("UPDATE parents SET over = 1 WHERE parent_id = ?", ended)
    db.execute("COMMIT")


def _name_of(path: Path | None) -> str:
    return f"The journal {path}" if path is not None else "The journal in memory"


def _entry(row: tuple[int, int, str, str, str, bytes], path: Path | None = None) -> Entry:
    """SQLite checks its pages, not what is written on them."""
    seq, ts_us, parent_id, order_id, kind, body = row
    try:
        told = orjson.loads(body)
        if not isinstance(told, dict):
            raise TypeError(f"a body is an object, not {told!r}")
    except (orjson.JSONDecodeError, TypeError) as error:
        raise JournalError(
            f"{_name_of(path)} is damaged: entry {seq}, of order {order_id}, can't be read; {WAY_ON}.", detail=error
        ) from error
    return Entry(seq, ts_us, parent_id, order_id, kind, told)


# -- beside whoever writes it ------------------------------------------------------------------------


@contextmanager
def open_beside(path: Path) -> Iterator[sqlite3.Connection]:
    """The file for reading, without a lock; nothing is changed.

    Raises:
        JournalError: there is no such file, or, also later in the block, it can't be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as db:
            yield db
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"{_name_of(path)} can't be read: {in_words(error)}.", detail=error) from error


def iterate_entries(db: sqlite3.Connection, path: Path) -> Iterator[Entry]:
    """All of a file that `open_beside` opened, oldest first.

    Raises:
        JournalError: it is damaged, or of another version.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise JournalError(f"{_name_of(path)} was written by a newer Fathom; update this one to read it.")
    if version < SCHEMA_VERSION:
        raise JournalError(f"{_name_of(path)} is of version {version}, not {SCHEMA_VERSION}; open it in Fathom once.")
    for row in db.execute(_ALL_ENTRIES):
        yield _entry(row, path)


def read_entries(path: Path) -> list[Entry]:
    """All of a journal, oldest first: for reports, which need no lock.

    Raises:
        JournalError: there is no such file, it is damaged, or of another version.
    """
    with open_beside(path) as db:
        return list(iterate_entries(db, path))
