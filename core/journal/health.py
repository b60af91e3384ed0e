"""Whether a journal's file is whole, asked beside whoever writes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import JournalError
from core.journal.failures import WAY_ON
from core.journal.store import iterate_entries, open_beside


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
    """Look through every page of the file and every entry on them; nothing is changed.

    Raises:
        JournalError: it is missing, damaged, or of another version.
    """
    with open_beside(path) as db:
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise JournalError(f"The journal {path} is damaged; {WAY_ON}.", detail=verdict)
        entries = sum(1 for _ in iterate_entries(db, path))
        (unfinished,) = db.execute("SELECT count(*) FROM parents WHERE over = 0").fetchone()
        return JournalHealth(entries, unfinished, path.stat().st_size)
