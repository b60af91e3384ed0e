"""Keys from environment variables, for machines that have no key store: a server, a container, a test.

`FATHOM_BINANCE_KEY`, `FATHOM_BINANCE_SECRET` and, where the exchange has one, `FATHOM_BINANCE_PASSPHRASE`; of a testnet's account
`FATHOM_TESTNET_BINANCE_KEY` and so on. There is one account per exchange, as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.domain.credentials import Credentials

_TESTNET = "TESTNET"
LABEL = "from the environment"


def prefix(mode: str) -> str:
    """What the variables of this mode begin with."""
    return f"FATHOM_{_TESTNET}_" if mode == "testnet" else "FATHOM_"


def read_variables(mode: str, environment: Mapping[str, str]) -> tuple[dict[str, Credentials], list[str]]:
    """Exchange -> credentials, and the names of variables that are missing to make an account whole."""
    pattern = re.compile(re.escape(prefix(mode)) + r"([A-Z0-9]+)_(KEY|SECRET|PASSPHRASE)")
    parts: dict[str, dict[str, str]] = {}
    for name, value in environment.items():
        if (match := pattern.fullmatch(name)) and match[1] != _TESTNET and value.strip():
            parts.setdefault(match[1], {})[match[2]] = value
    accounts: dict[str, Credentials] = {}
    missing: list[str] = []
    for exchange, found in sorted(parts.items()):
        absent = [f"{prefix(mode)}{exchange}_{part}" for part in ("KEY", "SECRET") if part not in found]
        missing += absent
        if not absent:
            accounts[exchange.lower()] = Credentials(exchange, LABEL, found["KEY"], found["SECRET"], found.get("PASSPHRASE", ""))
    return accounts, missing
