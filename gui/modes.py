"""What each mode is called wherever an order may be sent from. Qt-free.

Five modes look alike on the screen and differ in what a click costs. So every mode has one badge, and only live has more: a red
border, and its word in front of every order. A second word, EMULATOR, stands wherever the exchanges are not the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

NEED_KEYS = ("testnet", "live")
SIMULATED = ("demo", "replay", "paper")
_EMULATED = "\nNothing reaches a real exchange: FATHOM_EMULATOR points every connection at a local one."


@dataclass(frozen=True, slots=True)
class ModeLook:
    """How the window shows one mode.

    Attributes:
        badge: the words in the top bar.
        short: the same where there is no room for them.
        role: of the badge in the style sheet.
        tip: what becomes of an order, in a sentence.
        shout: stands before everything that is sent; empty where nothing real happens.
        border: theme token of the window's border; empty for none.
    """

    badge: str
    short: str
    role: str
    tip: str
    shout: str = ""
    border: str = ""

    def said(self, what: str) -> str:
        """`what` an order would do, with the mode in front where it must be named: `LIVE BUY 0.5 BTC · TWAP`."""
        return f"{self.shout} {what}" if self.shout else what


_STAYS = "No order leaves this computer: fills are simulated."
_LOOKS: Mapping[str, ModeLook] = MappingProxyType(
    {
        "demo": ModeLook("SIMULATED", "SIMULATED", "demo_badge", _STAYS),
        "replay": ModeLook("REPLAY · SIMULATED FILLS", "REPLAY", "replay_badge", _STAYS),
        "paper": ModeLook(
            "PAPER · LIVE DATA, SIMULATED FILLS",
            "PAPER · SIMULATED FILLS",
            "replay_badge",
            "The exchanges' own market data, without keys. " + _STAYS,
        ),
        "testnet": ModeLook("TESTNET", "TESTNET", "demo_badge", "Orders go to the exchanges' test environments: play money."),
        "live": ModeLook("LIVE", "LIVE", "live_badge", "Orders go to the exchanges and are paid with real money.", "LIVE", "live"),
    }
)


def look_of(mode: str, *, emulated: bool = False) -> ModeLook:
    """How `mode` is shown; `emulated` when its exchanges are a local program."""
    look = _LOOKS[mode]
    if emulated and mode not in ("demo", "replay"):
        return replace(look, badge=f"{look.badge} · EMULATOR", short=f"{look.short} · EMULATOR", tip=look.tip + _EMULATED)
    return look
