"""A file beside the journal while the kill switch is on: whoever pulled it finds it pulled after a crash, too."""

from __future__ import annotations

import logging
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

    @property
    def there(self) -> bool:
        """Whether the switch was on when the last run ended."""
        return self._path is not None and self._path.exists()

    def keep(self, *, stopped: bool) -> bool:
        """Remember how the switch stands from now on; whether that worked."""
        if self._path is None:
            return True
        try:
            if stopped:
                self._path.touch()
            else:
                self._path.unlink(missing_ok=True)
        except OSError:
            log.exception("%s", self._path)
            return False
        return True
