"""Whether a journal's file is whole, asked beside whoever writes it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import JournalError
from core.journal.failures import in_words
from core.journal.schema import SCHEMA_VERSION

_BUSY_S = 1.0


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """A whole journal.

    Attributes:
        unfinished: parent orders that are not over.
        bytes: of the file, without what is still in its log.
    """

    entries: int
    unfinished: int
    bytes: int


def inspect(path: Path) -> JournalHealth:
    """Look through every page of the file; nothing is changed.

    Raises:
        JournalError: it is missing, damaged, or of another version.
    """
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise JournalError(f"The journal {path} is damaged.", detail=verdict)
            if version != SCHEMA_VERSION:
                raise JournalError(f"The journal {path} is of version {version}, not {SCHEMA_VERSION}; open it in Fathom once.")
            (entries,) = db.execute("SELECT count(*) FROM entries").fetchone()
            (unfinished,) = db.execute("SELECT count(*) FROM parents WHERE over = 0").fetchone()
        finally:
            db.close()
        return JournalHealth(entries, unfinished, path.stat().st_size)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"The journal {path} can't be read: {in_words(error)}.", detail=error) from error
