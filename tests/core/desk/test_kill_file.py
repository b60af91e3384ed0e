"""The kill switch stays as it was left, also when the program ended meanwhile."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from core import Settings, open_desk
from core.desk import kill_file
from core.domain.errors import RiskDenied
from core.domain.events import Notice
from core.domain.orders import ParentStatus
from tests.core.desk.waiting import until


async def test_a_switch_that_was_pulled_is_pulled_after_a_restart_until_it_is_released(tmp_path: Path) -> None:
    settings = Settings(mode="demo", profile=tmp_path)
    async with open_desk(settings) as desk:
        await desk.engine.kill()
    async with open_desk(settings) as desk:
        told: list[Notice] = []
        desk.on_notice(told.append)
        assert desk.engine.killed
        assert any("still stopped by the kill switch" in notice.sentence for notice in told)
        with pytest.raises(RiskDenied, match="stopped by the kill switch"):
            await desk.engine.execute_order("BTC/USDT", "buy", "0.01", "market")
        desk.engine.release_kill()
    async with open_desk(settings) as desk:
        assert not desk.engine.killed


async def test_each_mode_has_its_own(tmp_path: Path) -> None:
    async with open_desk(Settings(mode="demo", profile=tmp_path)) as desk:
        await desk.engine.kill()
    assert (tmp_path / "demo" / "killed").exists()
    assert not (tmp_path / "killed").exists()


async def test_a_switch_that_can_not_be_saved_works_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(kill_file, "_write", full)
    async with open_desk(Settings(mode="demo", profile=tmp_path)) as desk:
        told: list[Notice] = []
        desk.on_notice(told.append)
        report = await desk.engine.kill()
        assert report.sentence.startswith("Killed")
        assert desk.engine.killed
        await until(lambda: any("could not be saved: the next start may find trading allowed" in one.sentence for one in told))


async def test_a_slow_disk_does_not_keep_the_cancels_from_leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(kill_file, "_write", lambda _path: answers.wait(30))
    async with open_desk(Settings(mode="demo", profile=tmp_path)) as desk:
        order = await desk.engine.execute_order("BTC/USDT", "buy", "0.01", "limit", "50000", exchanges=["binance_spot"])
        report = await desk.engine.kill()
        assert (report.cancelled, order.status) == (1, ParentStatus.CANCELLED)
        answers.set()


async def test_whoever_changes_his_mind_at_once_finds_it_as_he_left_it(tmp_path: Path) -> None:
    async with open_desk(Settings(mode="demo", profile=tmp_path)) as desk:
        killing = asyncio.ensure_future(desk.engine.kill())
        await asyncio.sleep(0)
        desk.engine.release_kill()
        await killing
    assert not (tmp_path / "demo" / "killed").exists()


async def test_without_a_profile_nothing_is_remembered() -> None:
    async with open_desk(Settings(mode="demo")) as desk:
        await desk.engine.kill()
    async with open_desk(Settings(mode="demo")) as desk:
        assert not desk.engine.killed
