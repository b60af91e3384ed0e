"""How an exchange is reached: with whose keys, on which network, and whether it is the real one at all.

For development one setting sends *everything* to a local server instead, whatever the URL says: the environment variable
`FATHOM_EMULATOR="127.0.0.1:9443,/path/to/ca.pem"`. Names are then resolved to that address only and only that
authority is trusted, so that a mistake ends in a failed handshake and never at a real exchange.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from core.domain.credentials import Credentials
from core.domain.errors import BadRequest

if TYPE_CHECKING:
    import aiohttp

EMULATOR_VARIABLE = "FATHOM_EMULATOR"

AccessKind = Literal["public", "testnet", "live"]


@dataclass(frozen=True, slots=True)
class EmulatorAddress:
    """Where the local server listens, and the certificate authority that vouches for it.

    Attributes:
        host: a numeric address, so that nobody is asked what it means.
        ca_file: PEM.
    """

    host: str
    port: int
    ca_file: Path

    @classmethod
    def parse(cls, text: str) -> EmulatorAddress:
        """`127.0.0.1:9443,/path/to/ca.pem`.

        Raises:
            BadRequest: anything else.
        """
        address, _, ca_file = text.partition(",")
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdecimal() or not ca_file.strip():
            raise BadRequest(f"{EMULATOR_VARIABLE} must look like 127.0.0.1:9443,/path/to/ca.pem, not {text!r}.")
        return cls(host, int(port), Path(ca_file.strip()))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> EmulatorAddress | None:
        """What the development setting says; None where it is not set, which is everywhere but on a developer's machine.

        Raises:
            BadRequest: it is set to something else than an address.
        """
        text = environment.get(EMULATOR_VARIABLE, "").strip()
        return cls.parse(text) if text else None

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.host}:{self.port},{self.ca_file}"


@dataclass(frozen=True, slots=True)
class Access:
    """What one exchange account is opened with.

    Attributes:
        kind: `public` reads market data and can't sign; `testnet` is the exchange's sandbox or demo trading; `live` is real money.
        credentials: None on public access; elsewhere without them there is market data and no trading.
        emulator: where everything goes instead, for development and tests.
    """

    kind: AccessKind = "public"
    credentials: Credentials | None = None
    emulator: EmulatorAddress | None = None

    def __post_init__(self) -> None:
        if self.kind == "public" and self.credentials is not None:
            raise BadRequest("Public access takes no keys: it must not be able to sign anything.")

    @property
    def can_trade(self) -> bool:
        return self.kind != "public" and self.credentials is not None


def make_session(emulator: EmulatorAddress) -> aiohttp.ClientSession:
    """A session whose every connection goes to the emulator. The caller closes it.

    Raises:
        BadRequest: the authority's file can't be read.
    """
    import aiohttp

    try:
        context = ssl.create_default_context(cafile=emulator.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadRequest(f"The emulator's certificate authority {emulator.ca_file} can't be read.", detail=error) from error
    resolver = _only(emulator)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver, ssl=context, use_dns_cache=False, limit=0))


def _only(emulator: EmulatorAddress) -> aiohttp.abc.AbstractResolver:
    import aiohttp.abc

    @final
    class OnlyEmulator(aiohttp.abc.AbstractResolver):
        """Every name is the emulator's, at its port."""

        async def resolve(
            self,
            host: str,
            port: int = 0,  # noqa: ARG002 — the protocol's; ours is the emulator's
            family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 — the same
        ) -> list[aiohttp.abc.ResolveResult]:
            return [
                {
                    "hostname": host,
                    "host": emulator.host,
                    "port": emulator.port,
                    "family": socket.AF_INET6 if ":" in emulator.host else socket.AF_INET,
                    "proto": 0,
                    "flags": socket.AI_NUMERICHOST,
                }
            ]

        async def close(self) -> None:
            """Nothing is held."""

    return OnlyEmulator()
