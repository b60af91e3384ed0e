"""A file beside the journal while the kill switch is on: whoever pulled it finds it pulled after a crash, too.

It is written in a thread: a disk that takes its time must not keep the cancels from leaving.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import final

log = logging.getLogger(__name__)

FILE_NAME = "killed"


@final
class KillFile:
    """How the switch stood at the end of the last run.

    Args:
        folder: the mode's, beside the journal; None remembers nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self._turn = asyncio.Lock()

    @property
    def there(self) -> bool:
        """Whether the switch was on when the last run ended."""
        return self._path is not None and self._path.exists()

    async def keep(self, stopped: Callable[[], bool]) -> bool:
        """Remember how the switch stands when its turn comes; whether that worked."""
        if self._path is None:
            return True
        async with self._turn:
            try:
                await asyncio.to_thread(_write if stopped() else _remove, self._path)
            except OSError:
                log.exception("%s", self._path)
                return False
        return True


def _write(path: Path) -> None:
    with path.open("w") as file:
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
