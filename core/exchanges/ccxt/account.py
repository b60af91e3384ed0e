"""Money, positions, leverage and fees of one venue. Contracts become base here, and "it was so already" is a success.

On Bybit's unified account spot and perps draw on one wallet, so both venues show the same balances; and a margin mode is the whole
account's there. okx is told the mode with every order, keeps none of its own, and would open a cross position beside an isolated one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, final

from core.domain.clock import MICROSECONDS
from core.domain.enums import MarketType
from core.domain.errors import OutcomeUnknown, RateLimited, VenueError, VenueRefused, VenueUnavailable
from core.domain.instruments import Instrument
from core.exchanges.ccxt.asking import Asking
from core.exchanges.ccxt.look_up import cursor_of
from core.exchanges.ccxt.orders import decimal_of
from core.exchanges.ccxt.outcomes import Ask
from core.exchanges.ccxt.quirks import Quirks
from core.exchanges.ccxt.venues import VenueId, desk_symbol
from core.exchanges.connector import Balance

MARGIN_MODES = ("cross", "isolated")
# What an open position's mode is believed for: somebody may close it, or open one elsewhere.
_MODE_KEPT_US = 10 * MICROSECONDS
_MOST_PAGES = 100
# https://bybit-exchange.github.io/docs/v5/account/account-info
_BYBIT_MODES = {"cross": "REGULAR_MARGIN", "isolated": "ISOLATED_MARGIN"}


@dataclass(frozen=True, slots=True)
class AccountFees:
    """What this account pays, as fractions of the notional; 0.001 is 10 bps. A rebate is negative."""

    maker: Decimal
    taker: Decimal


@final
class Account:
    """One venue's side of the account.

    Attributes:
        margin_modes: symbol -> what the trader chose for its orders, where the venue is told with every order.
    """

    def __init__(self, venue: VenueId, client: Any, quirks: Quirks, asking: Asking) -> None:
        self.margin_modes: dict[str, str] = {}
        self._held_modes: dict[str, tuple[int, frozenset[str]]] = {}
        self._venue = venue
        self._client = client
        self._quirks = quirks
        self._asking = asking

    async def balances(self) -> dict[str, Balance]:
        """By currency, without those that are empty."""
        kind = "spot" if self._venue.market_type is MarketType.SPOT else self._quirks.perp_wallet
        raw = await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_balance({"type": kind}))
        totals: Mapping[str, object] = raw.get("total") or {}
        frees: Mapping[str, object] = raw.get("free") or {}
        held: Mapping[str, object] = raw.get("used") or {}
        found: dict[str, Balance] = {}
        for currency, value in totals.items():
            total = decimal_of(value)
            if not total:
                continue
            free, used = decimal_of(frees.get(currency)), decimal_of(held.get(currency)) or Decimal(0)
            found[currency] = Balance(currency, total, max(total - used, Decimal(0)) if free is None else free)
        return found

    async def positions(self, instruments: Mapping[str, Instrument]) -> dict[str, Decimal]:
        """Symbol -> net position in base, without flat ones; a long and a short of one symbol (hedge mode) are added up."""
        if self._venue.market_type is MarketType.SPOT:
            return {}
        net: dict[str, Decimal] = {}
        for raw in await self._held(sorted({instrument.quote for instrument in instruments.values()})):
            instrument = instruments.get(desk_symbol(str(raw.get("symbol") or "")))
            contracts = decimal_of(raw.get("contracts"))
            if instrument is None or not contracts or self._venue.ccxt_symbol(instrument.symbol) != raw.get("symbol"):
                continue
            size = abs(contracts) * self._contract_size(instrument)
            net[instrument.symbol] = net.get(instrument.symbol, Decimal(0)) + (-size if raw.get("side") == "short" else size)
        return {symbol: size for symbol, size in net.items() if size}

    async def _held(self, coins: Sequence[str]) -> list[Mapping[str, Any]]:
        """All positions. Bybit tells of those that settle in one coin, a page at a time, and ccxt would ask for USDT's first page only.

        Args:
            coins: what our perps settle in, which is their quote (market_loader.py).
        """
        if self._client.id != "bybit":
            return list(await self._asking.ask(Ask.QUERY, self._client.fetch_positions))
        held: list[Mapping[str, Any]] = []
        for coin in coins:
            params = {"settleCoin": coin}
            for _ in range(_MOST_PAGES):
                page = await self._asking.ask(Ask.QUERY, lambda params=params: self._client.fetch_positions(None, dict(params)))  # type: ignore[misc]  # mypy can't infer a default argument's type
                held += page
                cursor = cursor_of(page)
                if not cursor or cursor == params.get("cursor"):
                    break
                params = {**params, "cursor": cursor}
            else:
                raise OutcomeUnknown(f"{self._venue.venue} lists more positions than can be read.")
        return held

    def _contract_size(self, instrument: Instrument) -> Decimal:
        """Of a position, which is counted in today's contracts, whatever they were worth when its orders were sent."""
        if self._quirks.amounts_in_base:
            return instrument.contract_size
        market = self._client.markets.get(self._venue.ccxt_symbol(instrument.symbol)) or {}
        return decimal_of(market.get("contractSize")) or instrument.contract_size

    async def margin_mode(self, instrument: Instrument, now_us: int) -> str | None:
        """What an order must say: what was chosen, else the mode of the position that is open, else cross. None where it says nothing.

        Raises:
            VenueRefused: a cross and an isolated position are open, and none was chosen.
            VenueUnavailable: it can't be learnt now; nothing was sent.
        """
        if not self._quirks.margin_mode_per_order or instrument.market_type is not MarketType.PERP:
            return None
        if (chosen := self.margin_modes.get(instrument.symbol)) is not None:
            return chosen
        asked_us, held = self._held_modes.get(instrument.symbol, (0, frozenset()))
        if now_us - asked_us > _MODE_KEPT_US:
            try:
                held = await self._modes_of_positions(instrument)
            except RateLimited:
                raise
            except VenueError as error:
                sentence = f"{instrument.venue} did not say in which margin mode {instrument.symbol} is held; nothing was sent."
                raise VenueUnavailable(sentence, detail=error.detail) from None
            self._held_modes[instrument.symbol] = now_us, held
        if len(held) > 1:
            both = f"{instrument.venue} holds {instrument.symbol} both cross and isolated"
            raise VenueRefused(f"{both}: choose the margin mode of the order; nothing was sent.")
        return next(iter(held), "cross")

    async def _modes_of_positions(self, instrument: Instrument) -> frozenset[str]:
        symbol = self._venue.ccxt_symbol(instrument.symbol)
        positions = await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_positions([symbol]))
        mine = [raw for raw in positions if raw.get("symbol") == symbol and decimal_of(raw.get("contracts"))]
        return frozenset(str(raw["marginMode"]) for raw in mine if raw.get("marginMode") in MARGIN_MODES)

    async def set_leverage(self, instrument: Instrument, leverage: int, margin_mode: str | None, now_us: int) -> None:
        """See the protocol. The mode goes first: venues keep a leverage for each of them.

        Raises:
            VenueRefused: no perp, a position is open in the other mode, or the venue said no.
            VenueError: see `outcomes.judged`.
        """
        if instrument.market_type is not MarketType.PERP:
            raise VenueRefused(f"{instrument.venue} is a spot venue: there is no leverage to set.")
        if margin_mode not in (None, *MARGIN_MODES):
            raise VenueRefused(f"{instrument.venue} has no margin mode {margin_mode!r}; known: {', '.join(MARGIN_MODES)}.")
        symbol = self._venue.ccxt_symbol(instrument.symbol)
        params: dict[str, object] = {}
        if self._quirks.margin_mode_per_order:
            if margin_mode is not None and (held := await self._modes_of_positions(instrument)) and margin_mode not in held:
                is_held = f"{instrument.venue} holds {instrument.symbol} {' and '.join(sorted(held))}"
                raise VenueRefused(f"{is_held}; it can be traded {margin_mode} when that position is closed.")
            params["marginMode"] = margin_mode or await self.margin_mode(instrument, now_us)
        elif margin_mode is not None and self._client.has.get("setMarginMode"):
            await self._set_margin_mode(symbol, leverage, margin_mode)
        await self._settle(lambda: self._client.set_leverage(leverage, symbol, params))
        if self._quirks.margin_mode_per_order and margin_mode is not None:
            self.margin_modes[instrument.symbol] = margin_mode

    async def fees(self, instrument: Instrument) -> AccountFees | None:
        """What this account pays for one symbol; None where the exchange does not tell accounts apart, or its sandbox does not say."""
        in_sandbox = self._client.isSandboxModeEnabled or self._client.options.get("enableDemoTrading")
        if in_sandbox and not self._quirks.fees_in_sandbox:
            return None
        symbol = self._venue.ccxt_symbol(instrument.symbol)
        if self._client.has.get("fetchTradingFee"):
            raw: Mapping[str, Any] | None = await self._asking.ask(Ask.QUERY, lambda: self._client.fetch_trading_fee(symbol))
        elif self._client.has.get("fetchTradingFees"):
            raw = (await self._asking.ask(Ask.QUERY, self._client.fetch_trading_fees)).get(symbol)
        else:
            return None
        maker, taker = decimal_of((raw or {}).get("maker")), decimal_of((raw or {}).get("taker"))
        return None if maker is None or taker is None else AccountFees(maker, taker)

    async def _set_margin_mode(self, symbol: str, leverage: int, mode: str) -> None:
        """Bybit's unified account has one mode for all it holds, and refuses even the one that it has while something is open."""
        if self._client.id == "bybit" and self._client.options.get("enableUnifiedAccount"):
            info = await self._asking.ask(Ask.QUERY, self._client.private_get_v5_account_info)
            if (info.get("result") or {}).get("marginMode") == _BYBIT_MODES[mode]:
                return
        # Bybit's classic account sets both at once.
        params = {"leverage": leverage} if self._client.id == "bybit" else {}
        await self._settle(lambda: self._client.set_margin_mode(mode, symbol, params))

    async def _settle(self, call: Callable[[], Awaitable[object]]) -> None:
        await self._asking.settle(Ask.SETTING, call)
