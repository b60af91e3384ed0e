"""The journal keeps its promise or says that it can't."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.domain.errors import JournalError
from core.journal.journal import SCHEMA_VERSION, Journal


def test_what_was_committed_is_there_for_another_reader_at_once(tmp_path: Path) -> None:
    writer = Journal(tmp_path / "journal.db")
    writer.append(1, "P-1", "updated", {"status": "running"})
    writer.commit(2, "c-1", "intent", {"amount": "0.5"})
    reader = Journal(tmp_path / "journal.db")
    assert [(entry.kind, entry.body) for entry in reader.entries()] == [("updated", {"status": "running"}), ("intent", {"amount": "0.5"})]
    assert [entry.order_id for entry in reader.entries("c-1")] == ["c-1"]
    reader.close()
    writer.close()


def test_closing_writes_what_was_still_buffered(tmp_path: Path) -> None:
    writer = Journal(tmp_path / "journal.db")
    writer.append(1, "P-1", "updated", {})
    writer.close()
    reader = Journal(tmp_path / "journal.db")
    assert len(list(reader.entries())) == 1
    reader.close()


def test_another_writer_that_holds_the_file_is_named_and_the_entries_wait(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal, other = Journal(path), sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="another Fathom is using it"):
        journal.commit(1, "c-1", "intent", {})
    other.execute("ROLLBACK")
    journal.flush()
    assert len(list(journal.entries())) == 1
    other.close()
    journal.close()


def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(JournalError, match="damaged"):
        Journal(path)


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(JournalError, match="newer Fathom"):
        Journal(path)
