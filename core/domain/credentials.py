"""The keys of one account on one exchange, which show themselves to nobody who did not ask for exactly them.

A traceback with its locals, a log line, an assertion and a dictionary in an error text all print `repr`: it says `…` here. Pickling
is refused, because a pickle is a file or a pipe that somebody forgot. The fields stay strings, so a library can sign with them; what
is sent over `str()` or into a header is the real thing, and only the code that signs has a reason to do that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn, Self, final

from core.domain.errors import BadRequest

HIDDEN: Final = "…"
_HINT_CHARACTERS = 4
# Four of the last characters say which key it is; of a short one they would say too much.
_SHORTEST_HINTED = 12
_EXCHANGE = re.compile(r"[a-z][a-z0-9]*")


@final
class Secret(str):
    """A string whose `repr` says nothing, wherever it goes: into a library's client, too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{HIDDEN}'"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("Keys are not pickled: they stay in this process and in the system's key store.")


@final
@dataclass(frozen=True, repr=False)
class Credentials:
    """What one account's requests are signed with.

    Args:
        exchange: the exchange's word (`binance`), the same for its spot and its perpetual markets.
        label: what the trader calls the account; any text.
        key: public half, as the exchange calls it (`apiKey`). Spaces and line breaks around it, from copying, are dropped.
        secret: the half that signs; a private key in PEM form where the exchange takes one.
        passphrase: the third part that okx and kucoin ask for; empty elsewhere.

    Raises:
        BadRequest: an exchange that is no word, or an empty key or secret. The sentence never repeats what was entered.
    """

    exchange: str
    label: str
    key: str
    secret: str
    passphrase: str = ""

    def __post_init__(self) -> None:
        exchange = self.exchange.strip().lower()
        if not _EXCHANGE.fullmatch(exchange):
            raise BadRequest("Name the exchange of the keys in one word, as in 'binance'.")
        for name, value in (("exchange", exchange), ("label", self.label.strip()), ("passphrase", Secret(self.passphrase))):
            object.__setattr__(self, name, value)
        for name, value in (("key", self.key), ("secret", self.secret)):
            if not (text := value.strip()):
                raise BadRequest(f"The {name} of the {exchange} account is empty.")
            object.__setattr__(self, name, Secret(text))

    @property
    def key_hint(self) -> str:
        """The last four characters of the key, to tell keys apart; nothing of a key that is too short to spare them."""
        return self.key[-_HINT_CHARACTERS:] if len(self.key) >= _SHORTEST_HINTED else ""

    def __repr__(self) -> str:
        return f"Credentials({self.exchange!r}, {self.label!r}, key={HIDDEN}{self.key_hint})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("Keys are not pickled: they stay in this process and in the system's key store.")
