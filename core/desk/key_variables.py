"""Keys from environment variables, for machines that have no key store: a server, a container, a test.

`FATHOM_BINANCE_KEY`, `FATHOM_BINANCE_SECRET` and, where the exchange has one, `FATHOM_BINANCE_PASSPHRASE`; of a testnet's account
`FATHOM_TESTNET_BINANCE_KEY` and so on. There is one account per exchange, as everywhere. Play with the emulator reads
`FATHOM_EMULATOR_BINANCE_KEY` and so on, in either mode, and none of the others: whatever listens there is no exchange.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.domain.credentials import Credentials

_TESTNET, _EMULATOR = "TESTNET", "EMULATOR"
LABEL = "from the environment"


def prefix(profile: str) -> str:
    """What the variables of `live`, `testnet`, `live-emulator` or `testnet-emulator` begin with."""
    if profile.endswith("-emulator"):
        return f"FATHOM_{_EMULATOR}_"
    return f"FATHOM_{_TESTNET}_" if profile == "testnet" else "FATHOM_"


def read_variables(profile: str, environment: Mapping[str, str]) -> tuple[dict[str, Credentials], list[str]]:
    """Exchange -> credentials, and the names of variables that are missing to make an account whole."""
    start = prefix(profile)
    pattern = re.compile(re.escape(start) + r"([A-Z0-9]+)_(KEY|SECRET|PASSPHRASE)")
    parts: dict[str, dict[str, str]] = {}
    for name, value in environment.items():
        if (match := pattern.fullmatch(name)) and match[1] not in (_TESTNET, _EMULATOR) and value.strip():
            parts.setdefault(match[1], {})[match[2]] = value
    accounts: dict[str, Credentials] = {}
    missing: list[str] = []
    for exchange, found in sorted(parts.items()):
        absent = [f"{start}{exchange}_{part}" for part in ("KEY", "SECRET") if part not in found]
        missing += absent
        if not absent:
            accounts[exchange.lower()] = Credentials(exchange, LABEL, found["KEY"], found["SECRET"], found.get("PASSPHRASE", ""))
    return accounts, missing
