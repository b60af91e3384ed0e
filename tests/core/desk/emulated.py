"""Desks on the emulated exchanges, exactly as by hand: one development setting and keys in a key store, nothing else is different."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import keyring
import pytest

from core.desk.keys import open_keys
from core.domain.credentials import Credentials
from core.exchanges.ccxt import market_loader
from core.exchanges.ccxt.access import EMULATOR_VARIABLE
from core.exchanges.paper.feed import Feed
from tests.core.desk.key_stores import WorkingKeyring
from tests.emulator import KEY, SECRET, Emulator, HandFeed
from tests.emulator.markets import ASKS, BIDS, VENUES, instrument


@asynccontextmanager
async def emulated(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Emulator, HandFeed]]:
    """Everything that this process connects to is the emulator; its four markets show 1, 2, 3 at three prices a side. No keys are known."""
    feed = HandFeed(instrument(venue) for venue in VENUES)
    async with served(monkeypatch, feed, depth_interval_s=0.005) as emulator:
        for venue in VENUES:
            feed.snapshot(venue, BIDS, ASKS)
        yield emulator, feed


@asynccontextmanager
async def served(monkeypatch: pytest.MonkeyPatch, feed: Feed, *, depth_interval_s: float = 0.1, seed: int = 0) -> AsyncIterator[Emulator]:
    """The same over any feed."""
    # A process for each list of markets is tested elsewhere, and would take most of the time here.
    monkeypatch.setattr(market_loader, "load_elsewhere", market_loader.load_here)
    before = keyring.get_keyring()
    keyring.set_keyring(WorkingKeyring())
    try:
        async with Emulator(feed, latency_ms=1.0, depth_interval_s=depth_interval_s, seed=seed) as emulator:
            monkeypatch.setenv(EMULATOR_VARIABLE, str(emulator.address))
            yield emulator
    finally:
        keyring.set_keyring(before)


async def save_keys(mode: str, *exchanges: str, secret: str = SECRET) -> None:
    """The emulator's account, as the window would save it."""
    for exchange in exchanges:
        await open_keys(mode).save(Credentials(exchange, "emulated", KEY, secret))
