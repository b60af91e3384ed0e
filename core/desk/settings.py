"""What a desk is opened with. Nothing here reads the environment or touches the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.execution.risk.limits import RiskLimits

ModeName = Literal["demo", "replay", "paper", "testnet", "live"]


class Settings(BaseModel):
    """How to open a desk.

    Attributes:
        mode: `demo` needs no network and no keys; `replay` plays recordings; `paper` is the exchanges' market with simulated
            fills, without keys; `testnet` trades on their sandboxes, `live` with real money: both on the accounts whose keys are known.
        live_confirmed: the trader has just said yes to real money. Asked at every start, kept nowhere.
        replay: recordings to play together, ordered by their receive times.
        speed: 1 is real time, N is N times faster, 'max' as fast as the data can be read.
        symbol: what the window opens on.
        venues: venues to open; empty means all that the mode offers: on testnet and live those of the accounts.
        seed: of the synthetic market; the same seed is the same market.
        profile: directory of the journal, the risk limits and the window's layout; None keeps everything in memory.
        limits: the risk limits; None means those saved in the profile, or else the mode's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: ModeName = "demo"
    live_confirmed: bool = False
    replay: tuple[Path, ...] = ()
    speed: float | Literal["max"] = Field(1.0)
    symbol: str = "BTC/USDT"
    venues: tuple[str, ...] = ()
    seed: int = 7
    profile: Path | None = None
    limits: RiskLimits | None = None
