"""What an exchange trades, as ccxt lists it, without what nobody needs: kept on disk, so that a start asks nobody.

Fetching a list stops everything for a second while it is parsed, so another process does it (`market_loader.py`). A list that is
a day old is used all the same and replaced in the background: an exchange that is slow to answer must not hold up the window.
Only orders in contracts wait for the new one (`trading.py`): one contract may have become ten.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import orjson
import platformdirs

from core.domain.clock import MICROSECONDS, Clock
from core.domain.errors import VenueUnavailable
from core.exchanges.ccxt.access import Access

log = logging.getLogger(__name__)

MAX_AGE_US = 24 * 3_600 * MICROSECONDS
RETRY_US = 600 * MICROSECONDS
# What a contract is worth is not believed for longer. A list of a day is being fetched anew at that moment, which takes seconds.
TRUSTED_US = MAX_AGE_US + 3_600 * MICROSECONDS
# Another layout of the file is another number: an old file is fetched anew, never misread.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class MarketList:
    """The markets of one exchange.

    Attributes:
        loaded_us: when they were fetched; checked_us: when that was last tried.
        markets: ccxt's market structures, active spot and linear perps only, JSON as it comes from `market_loader.trim`.
        currencies: code -> ccxt's currency structure: what the exchange calls it.
        precision_mode: how ccxt writes this exchange's steps (`ccxt.TICK_SIZE` almost everywhere).
    """

    ccxt_id: str
    loaded_us: int
    checked_us: int
    markets: Sequence[Mapping[str, Any]]
    currencies: Mapping[str, Any]
    precision_mode: int

    def set_on(self, client: Any) -> None:
        """Let a ccxt client know them: 20 to 160 ms for a large exchange, and good for a thread, as ccxt swaps whole tables.

        Fields that are empty come back: ccxt reads them unasked.
        """
        empty = client.safe_market_structure()
        client.set_markets([{**empty, **market} for market in self.markets], dict(self.currencies) or None)

    def too_old(self, now_us: int) -> bool:
        """Whether orders must not be counted in its contracts any more."""
        return now_us - self.loaded_us > TRUSTED_US

    def tried_at(self, now_us: int) -> MarketList:
        """The same list, after an attempt to fetch a newer one failed."""
        return replace(self, checked_us=now_us)


_LOADED = ("markets", "currencies", "precision_mode")
# Fetches what `_LOADED` names of an exchange; raises VenueUnavailable.
Loader = Callable[[str, Access], Awaitable[Mapping[str, Any]]]


@final
class MarketLists:
    """Where market lists come from: a file of less than a day, or else the exchange.

    Args:
        directory: of the files; None: the platform's cache directory.
        load: how to fetch one; None: in a process of its own.
    """

    def __init__(self, clock: Clock, directory: Path | None = None, load: Loader | None = None) -> None:
        self._clock = clock
        self._directory = directory or Path(platformdirs.user_cache_dir("fathom", appauthor=False)) / "markets"
        self._load = load

    async def get(self, ccxt_id: str, access: Access) -> MarketList:
        """The list on disk, however old it is; without one, from the exchange.

        Raises:
            VenueUnavailable: there is none and none can be had.
        """
        kept = await asyncio.to_thread(self._read, ccxt_id, access)
        return kept or await self.fetch(ccxt_id, access)

    async def fetch(self, ccxt_id: str, access: Access) -> MarketList:
        """The list from the exchange, kept on disk from now on.

        Raises:
            VenueUnavailable: it can't be had.
        """
        if self._load is None:
            from core.exchanges.ccxt.market_loader import load_elsewhere

            loaded = await load_elsewhere(ccxt_id, access)
        else:
            loaded = await self._load(ccxt_id, access)
        now_us = self._clock.now_us()
        fetched = MarketList(ccxt_id, now_us, now_us, **loaded)
        if not fetched.markets:
            raise VenueUnavailable(f"{ccxt_id} lists no market that Fathom could trade.")
        await asyncio.to_thread(self._write, fetched, access)
        return fetched

    def due_us(self, markets: MarketList) -> int:
        """When a list should be fetched anew."""
        due_us = markets.loaded_us + MAX_AGE_US
        return due_us if markets.checked_us < due_us else markets.checked_us + RETRY_US

    def _file(self, ccxt_id: str, access: Access) -> Path | None:
        # An emulator's markets are nobody's, and change with every run.
        if access.emulator is not None:
            return None
        return self._directory / f"{ccxt_id}{'.testnet' if access.kind == 'testnet' else ''}.json"

    def _read(self, ccxt_id: str, access: Access) -> MarketList | None:
        if (path := self._file(ccxt_id, access)) is None:
            return None
        try:
            kept = orjson.loads(path.read_bytes())
            if kept["format"] != FORMAT or kept["ccxt_id"] != ccxt_id or not kept["markets"]:
                return None
            loaded_us = min(int(kept["loaded_us"]), self._clock.now_us())
            return MarketList(ccxt_id, loaded_us, loaded_us, **{name: kept[name] for name in _LOADED})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the list of %s's markets on disk can't be used; it is fetched anew", ccxt_id, extra={"detail": error})
            return None

    def _write(self, markets: MarketList, access: Access) -> None:
        """Keep a list, whole or not at all; a full disk only costs the next start a moment."""
        if (path := self._file(markets.ccxt_id, access)) is None:
            return
        kept = {
            "format": FORMAT,
            "ccxt_id": markets.ccxt_id,
            "loaded_us": markets.loaded_us,
            **{name: getattr(markets, name) for name in _LOADED},
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
                file.write(orjson.dumps(kept))
            Path(file.name).replace(path)
        except OSError as error:
            log.warning("the list of %s's markets can't be kept", markets.ccxt_id, extra={"detail": error})
            with contextlib.suppress(OSError, UnboundLocalError):
                Path(file.name).unlink()
