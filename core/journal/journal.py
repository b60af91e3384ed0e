"""The durable record. An intent is committed, with everything before it, before its order may leave.

Other events are buffered for a moment and ride along with the next commit, so the disk is not
waited for twice. SQLite in WAL mode with synchronous=FULL: a commit survives a power cut and costs
a fraction of a millisecond. There is one writer, the thread that owns the desk's loop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import orjson

from core.domain.errors import JournalError

SCHEMA_VERSION = 1
# Events waiting for a commit; a crash loses at most these, never an intent.
_MAX_BUFFERED = 256

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_us INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_order ON entries (order_id, seq);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `body` is what was known then."""

    seq: int
    ts_us: int
    order_id: str
    kind: str
    body: Mapping[str, object]


@final
class Journal:
    """Append-only. Close it when the desk closes.

    Args:
        path: the database file; None keeps it in memory (scripts and tests that need no durability).

    Raises:
        JournalError: the file can't be opened, is damaged, locked, or from a newer version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._buffer: list[tuple[int, str, str, bytes]] = []
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=1.0)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {_name(path)} can't be opened: {_calm(error)}.", detail=error) from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise JournalError(f"The journal {_name(self._path)} was written by a newer Fathom; update before trading.")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def commit(self, ts_us: int, order_id: str, kind: str, body: Mapping[str, object]) -> None:
        """Write this entry and all buffered ones, and return once they are durable.

        Raises:
            JournalError: they are not; nothing may be sent.
        """
        self._buffer.append((ts_us, order_id, kind, _encode(body)))
        self.flush()

    def append(self, ts_us: int, order_id: str, kind: str, body: Mapping[str, object]) -> None:
        """Keep this entry for the next commit, which comes soon.

        Raises:
            JournalError: the buffer was full and could not be written.
        """
        self._buffer.append((ts_us, order_id, kind, _encode(body)))
        if len(self._buffer) >= _MAX_BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Make everything so far durable.

        Raises:
            JournalError: the disk is full, or the file locked or damaged; the entries are kept for another try.
        """
        if not self._buffer:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO entries (ts_us, order_id, kind, body) VALUES (?, ?, ?, ?)", self._buffer)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise JournalError(
                f"The journal {_name(self._path)} can't be written: {_calm(error)}. Trading stops until it can.", detail=error
            ) from error
        self._buffer.clear()

    def entries(self, order_id: str | None = None) -> Iterator[Entry]:
        """What was written, oldest first, of one order or of all."""
        self.flush()
        select = "SELECT seq, ts_us, order_id, kind, body FROM entries "
        if order_id is None:
            rows = self._db.execute(select + "ORDER BY seq")
        else:
            rows = self._db.execute(select + "WHERE order_id = ? ORDER BY seq", (order_id,))
        for seq, ts_us, order, kind, body in rows:
            yield Entry(seq, ts_us, order, kind, orjson.loads(body))

    def close(self) -> None:
        """Write what is buffered and let go of the file."""
        try:
            self.flush()
        finally:
            self._db.close()


def _encode(body: Mapping[str, object]) -> bytes:
    return orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)


def _name(path: Path | None) -> str:
    return path.name if path else "in memory"


def _calm(error: BaseException) -> str:
    text = str(error)
    return {"database is locked": "another Fathom is using it", "file is not a database": "the file is damaged"}.get(text, text)
