"""Key stores of the kinds that exist: one that works, one that is locked, one that hangs, one that lies, one that is a file."""

from __future__ import annotations

import threading
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class WorkingKeyring(KeyringBackend):
    """Keeps everything in memory, and remembers which thread asked."""

    priority: ClassVar[float] = -1  # never chosen by itself

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring types its methods, not this
        self.kept: dict[tuple[str, str], str] = {}
        self.threads: set[str] = set()

    def get_password(self, service: str, username: str) -> str | None:
        self.threads.add(threading.current_thread().name)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


class LockedKeyring(WorkingKeyring):
    """Its owner has dismissed the question for the password."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")


class HangingKeyring(WorkingKeyring):
    """Waits for somebody who is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.somebody = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.somebody.wait()
        return None


class TalkativeKeyring(WorkingKeyring):
    """Quotes what it was given when it fails."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise ValueError(f"can't keep {password}")


class ForgetfulKeyring(WorkingKeyring):
    """Says that it has kept what it has not."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Nothing is kept."""
