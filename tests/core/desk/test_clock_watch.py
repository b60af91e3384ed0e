"""A computer's clock that is set back is told of once, and again when it happens again."""

from __future__ import annotations

import asyncio

import pytest

from core.desk import clock_watch
from core.domain.clock import SystemClock


async def test_it_is_told_of_once_until_both_clocks_agree_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_watch, "LOOK_S", 0.0)
    wall_s, told = [1_000.0], list[str]()
    clock = SystemClock(lambda: round(wall_s[0] * 1e9), lambda: 0)
    watching = asyncio.ensure_future(clock_watch.watch_clock(clock, lambda _level, sentence: told.append(sentence)))
    for wall_s[0] in (1_000.0, 900.0, 899.0, 1_001.0, 901.0):
        for _ in range(5):
            await asyncio.sleep(0)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert [sentence.partition(". ")[0] for sentence in told] == ["This computer's clock was set back by about 100 s"] * 2
