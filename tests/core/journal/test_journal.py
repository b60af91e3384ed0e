"""The journal keeps its promise, or says that it can't; and it never makes the loop wait for the disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.domain.errors import JournalError
from core.journal.journal import Journal
from core.journal.store import read_entries
from tests.core.journal.files import Disk, intents, kinds, let_go


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def test_what_is_durable_is_there_for_another_reader_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    intents(journal, 1)
    await journal.durable()
    assert [(entry.parent_id, entry.order_id, entry.kind) for entry in read_entries(tmp_path / "journal.db")] == [
        ("P-1", "P-1", "parent"),
        ("P-1", "P-1-c0", "intent"),
    ]
    journal.close()


async def test_intents_of_one_moment_share_one_commit(tmp_path: Path, disk: Disk) -> None:
    journal = Journal(tmp_path / "journal.db")
    intents(journal, 50)
    await asyncio.gather(*(journal.durable() for _ in range(50)))
    assert disk.commits == [51]
    journal.close()


async def test_what_comes_while_a_commit_is_under_way_shares_the_next_one(tmp_path: Path, disk: Disk) -> None:
    journal = Journal(tmp_path / "journal.db")
    disk.may_go_on.clear()
    intents(journal, 1, "P-1")
    first = asyncio.ensure_future(journal.durable())
    await asyncio.sleep(0)
    for number in range(2, 12):
        intents(journal, 1, f"P-{number}")
    rest = asyncio.gather(*(journal.durable() for _ in range(10)))
    await asyncio.sleep(0)
    assert not first.done()
    disk.may_go_on.set()
    await first
    await rest
    assert disk.commits == [2, 20]
    journal.close()


async def test_a_disk_that_hangs_does_not_hang_the_loop(tmp_path: Path, disk: Disk) -> None:
    journal = Journal(tmp_path / "journal.db")
    disk.may_go_on.clear()
    intents(journal, 1)
    waiting = asyncio.ensure_future(journal.durable())
    for _ in range(100):
        await asyncio.sleep(0)  # the loop turns: a cancel would leave by now
    assert not waiting.done()
    disk.may_go_on.set()
    await waiting
    journal.close()


async def test_what_nobody_waits_for_is_written_by_and_by(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.journal.journal._LAZY_S", 0.0)
    journal = Journal(tmp_path / "journal.db")
    journal.append(1, "P-1", "state", {"status": "running"})
    assert await asyncio.to_thread(disk.wrote.wait, 20)
    assert kinds(tmp_path / "journal.db") == ["state"]
    journal.close()


async def test_a_wish_is_written_as_soon_as_it_was_said(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.journal.journal._LAZY_S", 3600.0)
    journal = Journal(tmp_path / "journal.db")
    journal.append(1, "P-1", "wish", {"what": "cancel"})
    journal.hurry()
    journal.append(1, "P-1", "state", {"status": "cancelling"})  # of the same turn: it goes along
    assert await asyncio.to_thread(disk.wrote.wait, 20)
    assert kinds(tmp_path / "journal.db") == ["wish", "state"]
    journal.close()


def test_without_a_loop_entries_are_written_at_the_end_at_the_latest(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    intents(journal, 1_000)
    assert len(kinds(tmp_path / "journal.db")) > 500
    journal.close()
    assert len(kinds(tmp_path / "journal.db")) == 1_001


async def test_a_crash_loses_what_was_not_durable_and_nothing_else(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    intents(journal, 3)
    await journal.durable()
    journal.append(3, "P-1-c0", "send", {})
    let_go(journal)
    assert kinds(tmp_path / "journal.db") == ["parent", "intent", "intent", "intent"]


async def test_a_second_fathom_on_the_same_profile_is_told_so_and_may_come_in_later(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal.db")
    with pytest.raises(JournalError, match="Another Fathom is running with this profile; close it first"):
        Journal(tmp_path / "journal.db")
    first.close()
    Journal(tmp_path / "journal.db").close()


@pytest.mark.parametrize(("fault", "says"), [("max_page_count=1", "the disk is full"), ("query_only=ON", "the file is read-only")])
async def test_a_failing_disk_says_so_in_one_sentence_and_what_happens_is_kept_until_it_is_back(
    tmp_path: Path, disk: Disk, fault: str, says: str
) -> None:
    journal = Journal(tmp_path / "journal.db")
    heard: list[JournalError | None] = []
    journal.on_trouble(heard.append)
    intents(journal, 200, "P-1")
    await journal.durable()
    disk.fault = fault
    intents(journal, 200, "P-2")
    with pytest.raises(JournalError, match=says):
        await journal.durable()
    with pytest.raises(JournalError, match="Trading stops until it can be"):
        journal.check()
    journal.append(3, "P-1-c0", "fill", {"amount": "1"})
    assert len(kinds(tmp_path / "journal.db")) == 201
    disk.fault = ""
    await journal.durable()
    journal.check()
    entries = read_entries(tmp_path / "journal.db")
    assert [entry.order_id for entry in entries[201:]] == ["P-2", *(f"P-2-c{index}" for index in range(200)), "P-1-c0"]
    assert [error is None for error in heard] == [False, True]
    journal.close()


async def test_a_disk_that_comes_back_is_noticed_without_being_asked(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.journal.journal._RETRY_S", 0.0)
    journal = Journal(tmp_path / "journal.db")
    disk.fill_up()
    intents(journal, 200)
    with pytest.raises(JournalError, match="full"):
        await journal.durable()
    back = asyncio.Event()
    journal.on_trouble(lambda error: back.set() if error is None else None)
    disk.fault = ""
    await asyncio.wait_for(back.wait(), 20)
    assert len(kinds(tmp_path / "journal.db")) == 201
    journal.close()


async def test_entries_that_can_not_be_written_at_the_end_are_not_lost_in_silence(tmp_path: Path, disk: Disk) -> None:
    journal = Journal(tmp_path / "journal.db")
    disk.fill_up()
    intents(journal, 200)
    with pytest.raises(JournalError, match="full"):
        journal.close()
    Journal(tmp_path / "journal.db").close()  # the lock is gone all the same


async def test_a_file_that_vanishes_is_not_made_anew_behind_the_traders_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    intents(journal, 1)
    await journal.durable()
    (tmp_path / "journal.db").unlink()
    intents(journal, 1, "P-2")
    with pytest.raises(JournalError, match="no such file"):
        await journal.durable()
    assert not (tmp_path / "journal.db").exists()
    let_go(journal)


async def test_a_log_file_that_is_deleted_under_us_costs_nothing_that_was_durable(tmp_path: Path) -> None:
    """Until the next checkpoint all of it is in that file: what a tidy-up or a synced folder takes away must not be missing later."""
    path = tmp_path / "journal.db"
    journal = Journal(path)
    intents(journal, 2)
    await journal.durable()
    (tmp_path / "journal.db-wal").unlink()
    intents(journal, 1, "P-2")
    await journal.durable()
    assert len(kinds(path)) == 5  # as another reader sees it: not in a file that only we still hold
    let_go(journal)


async def test_the_journal_in_memory_keeps_the_same_promises(tmp_path: Path) -> None:
    journal = Journal()
    intents(journal, 2)
    await journal.durable()
    assert [entry.kind for entry in journal.entries("P-1")] == ["parent", "intent", "intent"]
    assert [entry.order_id for entry in journal.entries("P-1-c1")] == ["P-1-c1"]
    assert journal.parent_of("P-1-c1") == "P-1"
    assert journal.parent_of("somebody-elses") is None
    journal.close()
