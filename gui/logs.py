"""Where the log goes: a rotating file, and warnings to stderr.

The file gets `FathomError.detail` and tracebacks; the trader never needs to read it to understand
what happened. A log that can't be written is a warning, not a reason not to trade.
"""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

_FILE_BYTES = 2_000_000
_FILES_KEPT = 4


def log_directory(profile: Path | None) -> Path:
    """`logs` inside the profile, or the system's place for logs."""
    if profile is not None:
        return profile / "logs"
    import platformdirs  # not needed with a profile

    return Path(platformdirs.user_log_dir("fathom", appauthor=False))


def start_logging(level: str, profile: Path | None) -> list[logging.Handler]:
    """Send the root logger to the file and stderr; returns the handlers for `stop_logging`."""
    to_stderr = logging.StreamHandler()
    to_stderr.setLevel(logging.WARNING)
    to_stderr.setFormatter(logging.Formatter("fathom: %(message)s"))
    handlers: list[logging.Handler] = [to_stderr]
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.addHandler(to_stderr)
    try:
        folder = log_directory(profile)
        folder.mkdir(parents=True, exist_ok=True)
        to_file = logging.handlers.RotatingFileHandler(
            folder / "fathom.log", maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", delay=True
        )
    except OSError as error:
        root.warning("No log is written: %s", error)
        return handlers
    to_file.setFormatter(_WithDetail("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(to_file)
    handlers.append(to_file)
    return handlers


class _WithDetail(logging.Formatter):
    """The sentence, and behind it the `detail` that its record was given."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        line = super().formatMessage(record)
        detail = getattr(record, "detail", None)
        return line if detail is None else f"{line} [{detail}]"


def stop_logging(handlers: list[logging.Handler]) -> None:
    for handler in handlers:
        logging.getLogger().removeHandler(handler)
        handler.close()
