"""Running one named test inside another, as it is or with a protection switched off."""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.core.execution.mutations.editing import edit
from tests.core.execution.mutations.protections import Protection


async def run(protection: Protection, directory: Path) -> None:
    """The killer, with nothing switched off: whatever it raises, it raises."""
    module, _, name = protection.killer.rpartition("::")
    test = getattr(importlib.import_module(module), name)
    with pytest.MonkeyPatch.context() as patch:
        given = {"tmp_path": _made(directory), "monkeypatch": patch}
        asked = {name: given[name] for name in inspect.signature(test).parameters if name in given}
        async with _cleared_away():
            waiting = test(**asked, **protection.words)
            if waiting is not None:
                await waiting


async def verdict(protection: Protection, directory: Path) -> str:
    """How the killer ends without the protection: the failure in a few words; empty when it passed and so saw nothing."""
    with pytest.MonkeyPatch.context() as patch:
        edit(patch, protection.function, protection.old, protection.new)
        try:
            await run(protection, directory)
        except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 - failing, in whatever way, is what is wanted
            lines = str(failure).strip().splitlines()
            return f"{type(failure).__name__}: {lines[0] if lines else ''}"
    return ""


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


@asynccontextmanager
async def _cleared_away() -> AsyncIterator[None]:
    """A test that fails half-way leaves tasks and errors nobody looks at; here they are expected."""
    loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda *_: None)
    try:
        yield
    finally:
        left = asyncio.all_tasks() - before
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        gc.collect()  # so that what nobody looked at is said now, to the handler
        loop.set_exception_handler(handler)
