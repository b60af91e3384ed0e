"""The system's own key store, found and asked without ever making the window wait.

A key store may put a question on the screen ("unlock your wallet") and block until it is answered, or for ever when nobody
can see it. So every call runs in a thread of its own that the program does not wait for at its end, and has a deadline. Stores that are
no more than a file are not taken, whatever they call themselves: a key in a file is a key in every backup.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from core.domain.errors import FathomError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

# Long enough to find the password of a wallet.
PATIENCE_S = 60.0

# Where a backend's class lives, and what the trader calls what is behind it.
_WORDS = {
    "keyring.backends.macOS": "the macOS Keychain",
    "keyring.backends.Windows": "the Windows Credential Manager",
    "keyring.backends.SecretService": "the desktop's Secret Service",
    "keyring.backends.libsecret": "the desktop's Secret Service",
    "keyring.backends.kwallet": "KWallet",
}
# `fail` keeps nothing and says so, `null` keeps nothing and says nothing, `keyrings.*` are files.
_NO_STORES = ("keyring.backends.fail", "keyring.backends.null", "keyrings.")


class KeyStoreError(FathomError):
    """The key store did not do what it was asked; the sentence never repeats what it was given."""


def find_backend() -> KeyringBackend | None:
    """The store that `keyring` would use, or the first usable one where it would try several. None when there is none. Blocks."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    chosen = keyring.get_keyring()
    candidates: Iterable[KeyringBackend] = chosen.backends if isinstance(chosen, ChainerBackend) else (chosen,)
    return next((one for one in candidates if not type(one).__module__.startswith(_NO_STORES)), None)


def words_of(backend: KeyringBackend) -> str:
    """What the trader calls it."""
    module = type(backend).__module__
    return next((words for place, words in _WORDS.items() if module.startswith(place)), f"the key store {backend.name!r}")


async def aside(work: Callable[[], T], *, patience_s: float = PATIENCE_S) -> T:
    """Run `work` in a thread of its own and await its result.

    Not in the loop's executor: the loop waits for its executor's threads at its end, and this one may never come back.

    Raises:
        KeyStoreError: no answer in time.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # it is what `work` returned: there was no error

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 — it is raised again where it is awaited
            failed = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, result, failed)

    threading.Thread(target=run, name="key store", daemon=True).start()
    try:
        async with asyncio.timeout(patience_s):
            return await answer
    except TimeoutError:
        raise KeyStoreError(f"The system's key store did not answer within {patience_s:.0f} s; it may be waiting to be unlocked.") from None
