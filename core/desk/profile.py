"""Which folder of the profile a run belongs to: each mode its own, and play against the emulator never beside real orders.

Journals of different modes must not meet: a paper fill in a live journal would be reconciled with a real exchange. The
emulator answers in the name of the real ones, so its runs are told apart by their folder as well.
"""

from __future__ import annotations

from pathlib import Path

from core.exchanges.ccxt.access import EmulatorAddress

# The modes that talk to exchanges; the others open no connection, emulator or not.
CONNECTED = ("paper", "testnet", "live")


def emulator_of(mode: str) -> EmulatorAddress | None:
    """Where this mode's connections go instead of to the exchanges; None where they don't.

    Raises:
        BadRequest: the development setting is no address.
    """
    return EmulatorAddress.from_environment() if mode in CONNECTED else None


def profile_name(mode: str, *, emulated: bool) -> str:
    """`live`, or `live-emulator`: the name of the folder, and of the entries in the key store."""
    return f"{mode}-emulator" if emulated else mode


def folder(profile: Path | None, name: str) -> Path | None:
    """Where that run keeps its journal and its limits; None keeps nothing."""
    return profile / name if profile is not None else None
