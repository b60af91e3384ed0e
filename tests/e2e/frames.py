"""How the crash test's processes talk: pickled tuples with their length in front, over a loopback socket.

Both ends are this test's own processes, so pickle is safe here. A frame that was cut short by a kill is the end of the talk.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
from typing import Any

_LENGTH = struct.Struct("!I")


def frame(message: tuple[Any, ...]) -> bytes:
    """`message` as it goes over the wire."""
    body = pickle.dumps(message)
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> tuple[Any, ...] | None:
    """The next message; None when the other end is gone."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        message: tuple[Any, ...] = pickle.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message


def shared_now_us(wall_us: int, epoch_us: int, speed: float) -> int:
    """The time that all processes of one test share: it began at `epoch_us` and runs `speed` times as fast as the wall's."""
    return epoch_us + round((wall_us - epoch_us) * speed)
