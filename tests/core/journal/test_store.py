"""The file itself: old versions are brought up, damage is named, nothing is written twice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from core.domain.errors import JournalError
from core.journal.entry import Line
from core.journal.journal import Journal
from core.journal.schema import SCHEMA_VERSION
from core.journal.store import Store, read_entries
from tests.core.journal.files import intents

# As version 1 made its files, word for word.
SCHEMA_1 = """
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_us INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_order ON entries (order_id, seq);
PRAGMA user_version=1;
"""
ENTRIES_1 = [
    (1, "P-done", "parent", {"amount": "1"}),
    (2, "P-done", "updated", {"status": "running", "reason": "started"}),
    (3, "c-1", "intent", {"parent": "P-done", "amount": "1"}),
    (4, "c-1", "created", {"status": "intent", "reason": ""}),
    (5, "P-open", "parent", {"amount": "2"}),
    (6, "c-1", "fill", {"trade_id": "t-1"}),
    (7, "c-1", "updated", {"status": "filled", "reason": ""}),
    (8, "P-open", "updated", {"status": "running", "reason": "started"}),
    (9, "c-2", "intent", {"parent": "P-open", "amount": "2"}),
    (10, "P-done", "updated", {"status": "filled", "reason": ""}),
]


def old_file(path: Path) -> None:
    db = sqlite3.connect(path)
    db.executescript(SCHEMA_1)
    rows = [(ts_us, order_id, kind, orjson.dumps(body)) for ts_us, order_id, kind, body in ENTRIES_1]
    db.executemany("INSERT INTO entries (ts_us, order_id, kind, body) VALUES (?, ?, ?, ?)", rows)
    db.commit()
    db.close()


def test_a_file_of_version_1_is_brought_up_and_tells_the_same_stories(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old_file(path)
    journal = Journal(path)
    done, open_ = journal.load()
    assert (done.parent_id, done.over) == ("P-done", True)
    assert [(entry.order_id, entry.kind) for entry in done.entries] == [
        ("P-done", "parent"),
        ("P-done", "state"),
        ("c-1", "intent"),
        ("c-1", "state"),
        ("c-1", "fill"),
        ("c-1", "state"),
        ("P-done", "state"),
    ]
    assert (open_.parent_id, open_.over) == ("P-open", False)
    assert journal.parent_of("c-2") == "P-open"
    assert [entry.body for entry in journal.entries()] == [body for *_, body in ENTRIES_1]
    journal.append(11, "c-2", "state", {"status": "open"})
    journal.close()
    assert [entry.seq for entry in read_entries(path)] == list(range(1, len(ENTRIES_1) + 2))


def test_a_migration_that_is_interrupted_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old_file(path)
    db = sqlite3.connect(path)
    db.execute("UPDATE entries SET body = x'00' WHERE order_id = 'c-2'")  # it stumbles here, after the others
    db.commit()
    before = db.execute("SELECT * FROM entries").fetchall()
    with pytest.raises(JournalError, match="can't be brought up to this version: it is damaged"):
        Journal(path)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert db.execute("SELECT * FROM entries").fetchall() == before
    db.close()


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(JournalError, match="written by a newer Fathom"):
        Journal(path)


def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(JournalError, match="a database of another program"):
        Journal(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(JournalError, match="the file is damaged"):
        Journal(path)


def test_damage_inside_is_found_when_it_is_read_never_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    intents(journal, 2_000)
    journal.close()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    journal = Journal(path)
    with pytest.raises(JournalError, match="the file is damaged"):
        journal.load()
    journal.close()


@pytest.mark.parametrize("body", [b'{"half', b"[1]", b"\x00"])
def test_an_entry_that_is_not_what_was_written_is_named(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    intents(journal, 3)
    journal.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE entries SET body = ? WHERE seq = 3", (body,))
    db.commit()
    db.close()
    journal = Journal(path)
    for read in (journal.load, journal.entries, lambda: read_entries(path)):
        with pytest.raises(JournalError, match="is damaged: entry 3, of order P-1-c1, can't be read; to start anew, check its open orders"):
            read()
    journal.close()


def test_a_folder_that_can_not_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file where the folder should be")
    with pytest.raises(JournalError, match="can't be opened"):
        Journal(tmp_path / "demo" / "journal.db")


def test_a_file_that_another_program_holds_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.journal.store._BUSY_S", 0.01)
    path = tmp_path / "journal.db"
    journal = Journal(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    intents(journal, 1)
    with pytest.raises(JournalError, match="another program holds it"):
        journal.flush()
    other.execute("ROLLBACK")
    other.close()
    journal.close()
    assert len(read_entries(path)) == 2


def test_the_same_lines_written_again_are_there_once(tmp_path: Path) -> None:
    """A commit that failed may have happened after all; nobody can tell, so it is tried again."""
    store = Store(tmp_path / "journal.db")
    lines = [Line(1, 1, "P-1", "P-1", "parent", b"{}"), Line(2, 2, "P-1", "P-1", "state", b'{"over": true}', over=True)]
    store.write(lines)
    store.write([*lines, Line(3, 3, "P-1", "P-1", "ended", b"{}")])
    assert [entry.seq for entry in store.entries()] == [1, 2, 3]
    assert [story.parent_id for story in store.stories(over=True)] == ["P-1"]
    store.close()


def test_loading_is_bounded_for_what_is_over_and_complete_for_what_is_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    for number in range(30):
        journal.append(number, f"P-{number:02}", "parent", {})
        if number % 3:
            journal.append(number, f"P-{number:02}", "state", {"over": True})
    assert [story.parent_id for story in journal.load(at_most=2)] == [f"P-{n:02}" for n in range(30) if n % 3 == 0 or n in (28, 29)]
    recent = [story.parent_id for story in journal.load(since_us=25) if story.over]
    assert recent == ["P-25", "P-26", "P-28", "P-29"]
    journal.close()
