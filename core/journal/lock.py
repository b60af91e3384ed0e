"""One Fathom per profile: two that write one journal would each believe in half of it.

The lock belongs to the open file, so the system releases it when the process dies, however it dies. It is on a
file beside the journal: a lock on the journal itself would keep readers out, and on Windows also SQLite.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import final

from core.domain.errors import JournalError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@final
class ProfileLock:
    """Held from construction to `release`.

    Raises:
        JournalError: another process holds it.
        OSError: the file can't be made.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as error:
            self.release()
            raise JournalError(
                "Another Fathom is running with this profile; close it first, or start this one with another profile.", detail=error
            ) from error

    def release(self) -> None:
        """Let the next one in. Doing it twice changes nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
