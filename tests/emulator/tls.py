"""The certificate behind the exchanges' own host names: made here, trusted by nobody who has not been given the CA file.

A client that trusts only this CA can't reach a real exchange even by mistake. The handshake tells us the host
before any request is sent, so it is also where a venue can refuse to be connected to at all.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import trustme


@lru_cache(maxsize=1)
def _authority() -> trustme.CA:
    """One per process: making keys is the slow part."""
    return trustme.CA()


def write_ca(path: Path) -> None:
    """Write what a client must trust, as PEM."""
    _authority().cert_pem.write_to_path(str(path))


def server_context(names: Iterable[str], refuses: Callable[[str], bool]) -> ssl.SSLContext:
    """TLS for all of `names` at once.

    Args:
        names: host names; a `*` stands for one label.
        refuses: asked for each new connection with the host the client means; True ends the handshake with an alert, which
            aiohttp's client raises as a `ClientConnectorError`, as it does when the port is closed.
    """

    def greet(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if name is not None and refuses(name) else None

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert(*names).configure_cert(context)
    context.sni_callback = greet
    return context
