"""What a failing disk means for the trader, in words; the raw error goes to the log."""

from __future__ import annotations

import sqlite3

# A new journal knows none of the old one's orders, so the venues come first. After a crash the newest entries are in the -wal.
WAY_ON = (
    "to start anew, check its open orders on their venues first, then close Fathom and move the file away, with its -wal if there is one"
)

_PRIMARY = 0xFF  # SQLite's extended codes carry the primary one in their low byte

_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_PERM: "the file may not be opened",
    sqlite3.SQLITE_BUSY: "another program holds it",
    sqlite3.SQLITE_LOCKED: "another program holds it",
    sqlite3.SQLITE_CORRUPT: f"the file is damaged; {WAY_ON}",
    sqlite3.SQLITE_NOTADB: f"the file is damaged; {WAY_ON}",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CANTOPEN: "no file can be opened there",
    sqlite3.SQLITE_ERROR: "it is not a journal of Fathom's",
}


def in_words(error: BaseException) -> str:
    """Half a sentence that says what is wrong with the file."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)  # absent on errors that the module raises itself
        return _WORDS.get(code & _PRIMARY, str(error)) if isinstance(code, int) else str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error)
