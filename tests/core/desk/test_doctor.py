"""What `fathom doctor` says of journals: whole, damaged, or of another version, and what to do about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import keyring
import pytest

from core.desk.desk import open_desk
from core.desk.doctor import Finding, Level, examine
from core.desk.report import write_report
from core.desk.settings import Settings
from core.domain.errors import JournalError
from core.journal.journal import Journal
from core.journal.schema import SCHEMA_VERSION
from tests.core.desk.key_stores import WorkingKeyring
from tests.core.journal.files import intents

UNREADABLE = "entry 3, of order P-1-c1, can't be read"
WAY_ON = "to start anew, check its open orders on their venues first, then close Fathom and move the file away"


@pytest.fixture(autouse=True)
def key_store() -> Iterator[None]:
    """Not the system's."""
    before = keyring.get_keyring()
    keyring.set_keyring(WorkingKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """It holds the demo mode's journal: one parent order, unfinished, and three children."""
    journal = Journal(tmp_path / "demo" / "journal.db")
    intents(journal, 3)
    journal.close()
    return tmp_path


def _change(profile: Path, statement: str) -> None:
    with closing(sqlite3.connect(profile / "demo" / "journal.db")) as db:
        db.execute(statement)
        db.commit()


async def _journal_of(profile: Path) -> Finding:
    (finding,) = [one async for one in examine((), profile) if one.about == "journal of demo"]
    return finding


async def test_a_whole_journal_is_counted(profile: Path) -> None:
    finding = await _journal_of(profile)
    assert finding.level is Level.OK
    assert finding.sentence.startswith("Whole: 4 entries")


@pytest.mark.parametrize("body", ["x'7b2268616c66'", "x'5b315d'", "x'00'"])
async def test_an_entry_that_can_not_be_read_is_named_with_its_order_its_file_and_a_way_on(body: str, profile: Path) -> None:
    _change(profile, f"UPDATE entries SET body = {body} WHERE seq = 3")
    finding = await _journal_of(profile)
    assert finding.level is Level.FAILED
    assert UNREADABLE in finding.sentence
    assert WAY_ON in finding.sentence
    assert str(profile / "demo" / "journal.db") in finding.sentence


async def test_fathom_refuses_to_start_with_it_in_the_same_words_and_starts_once_it_is_moved_away(profile: Path) -> None:
    _change(profile, "UPDATE entries SET body = x'00' WHERE seq = 3")
    found = await _journal_of(profile)
    with pytest.raises(JournalError) as refused:
        async with open_desk(Settings(profile=profile)):
            pass
    assert str(refused.value) == found.sentence
    path = profile / "demo" / "journal.db"
    path.rename(path.with_name("aside.db"))
    async with open_desk(Settings(profile=profile)) as desk:
        assert desk.order_manager.snapshots() == []


async def test_a_damaged_file_has_the_same_way_on(profile: Path) -> None:
    (profile / "demo" / "journal.db").write_bytes(b"this is no database" * 100)
    finding = await _journal_of(profile)
    assert finding.level is Level.FAILED
    assert WAY_ON in finding.sentence


async def test_a_journal_of_a_newer_version_asks_for_an_update_and_not_to_be_opened(profile: Path) -> None:
    _change(profile, f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    path = profile / "demo" / "journal.db"
    expected = f"The journal {path} was written by a newer Fathom; update this one to read it."
    finding = await _journal_of(profile)
    assert (finding.level, finding.sentence) == (Level.FAILED, expected)
    with pytest.raises(JournalError) as refused:
        write_report(path, profile / "out")
    assert str(refused.value) == expected


async def test_a_journal_of_an_older_version_is_to_be_opened_once(profile: Path) -> None:
    _change(profile, f"PRAGMA user_version={SCHEMA_VERSION - 1}")
    path = profile / "demo" / "journal.db"
    expected = f"The journal {path} is of version {SCHEMA_VERSION - 1}, not {SCHEMA_VERSION}; open it in Fathom once."
    finding = await _journal_of(profile)
    assert (finding.level, finding.sentence) == (Level.FAILED, expected)
    with pytest.raises(JournalError) as refused:
        write_report(path, profile / "out")
    assert str(refused.value) == expected
