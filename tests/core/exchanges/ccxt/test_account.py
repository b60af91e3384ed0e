"""Money, positions, leverage and permissions, on the emulated accounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.domain.enums import OrderSide, TimeInForce
from core.domain.errors import NotPossible, VenueRefused
from core.exchanges.ccxt.access import Access
from core.exchanges.ccxt.account import AccountFees
from core.exchanges.ccxt.clients import ExchangeClients
from core.exchanges.ccxt.permissions import permissions
from core.exchanges.ccxt.quirks import QUIRKS, capabilities_of, quirks_of, rates_of
from tests.core.exchanges.ccxt.trading_desk import CLOCK, trading_desk
from tests.emulator.markets import SYMBOL, VENUES

PERPS = [venue for venue in VENUES if venue.endswith("_perp")]


@pytest.mark.parametrize("venue", VENUES)
async def test_an_open_order_lowers_what_is_free_and_nothing_else(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        before = (await desk.trading.balances())["USDT"]
        await desk.send("c1")
        during = (await desk.trading.balances())["USDT"]
        assert during.total == before.total
        assert during.free < before.free


@pytest.mark.parametrize("venue", PERPS)
async def test_a_position_is_signed_and_in_base(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        assert not await desk.trading.positions()
        await desk.send("c1", side=OrderSide.SELL, price="99.5", amount="1.5", time_in_force=TimeInForce.IOC)
        assert await desk.trading.positions() == {SYMBOL: Decimal("-1.5")}


@pytest.mark.parametrize("venue", PERPS)
async def test_setting_the_same_leverage_and_mode_twice_is_a_success(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        for mode in ("isolated", "isolated", "cross", "cross", None):
            await desk.trading.set_leverage(SYMBOL, 3, mode)
        assert desk.venue.leverage[SYMBOL] == 3
        with pytest.raises(VenueRefused):
            await desk.trading.set_leverage(SYMBOL, 100_000)
        with pytest.raises(VenueRefused, match="portfolio"):
            await desk.trading.set_leverage(SYMBOL, 3, "portfolio")
        assert desk.venue.leverage[SYMBOL] == 3


async def test_a_mode_that_bybit_has_already_is_not_asked_for_while_a_position_is_open() -> None:
    """It would refuse, even to leave all as it is."""
    async with trading_desk("bybit_perp") as (desk,):
        await desk.send("c1", price="101", time_in_force=TimeInForce.IOC)
        await desk.trading.set_leverage(SYMBOL, 5, "cross")
        with pytest.raises(VenueRefused):
            await desk.trading.set_leverage(SYMBOL, 5, "isolated")


@pytest.mark.parametrize("venue", VENUES)
async def test_the_accounts_own_fees_are_fractions(venue: str) -> None:
    async with trading_desk(venue) as (desk,):
        known = desk.venue.instruments[SYMBOL]
        assert await desk.trading.fees(SYMBOL) == AccountFees(known.maker_fee, known.taker_fee)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("trade", "withdraw"), [(True, False), (True, True), (False, False)])
async def test_a_key_says_what_it_may_do(venue: str, trade: bool, withdraw: bool) -> None:
    async with trading_desk(venue) as (desk,):
        desk.emulator.can_trade, desk.emulator.can_withdraw = trade, withdraw
        told = await permissions(desk.clients, CLOCK)
        assert (told.can_trade, told.can_withdraw) == (trade, withdraw)
        assert ("WITHDRAW" in told.words) is withdraw
        assert ("may only read" in told.words) is not trade


async def test_without_keys_there_is_nothing_to_permit() -> None:
    async with trading_desk("binance_spot") as (desk,):
        with pytest.raises(NotPossible):
            await permissions(ExchangeClients("binance", Access("public", None, desk.emulator.address), CLOCK), CLOCK)


def test_what_no_table_knows_works_on_cautious_defaults() -> None:
    assert quirks_of("mexc") == quirks_of("bitget")
    assert not capabilities_of("mexc_spot").amend
    assert not capabilities_of("binance_spot").amend
    assert capabilities_of("binance_perp").amend
    assert (capabilities_of("okx_perp").leverage, capabilities_of("okx_spot").leverage) == (True, False)


@pytest.mark.parametrize("ccxt_id", QUIRKS)
def test_our_limits_stay_usable(ccxt_id: str) -> None:
    """A budget in which queries leave orders nothing, or that holds less than a kill switch's worth of cancels, helps nobody."""
    rates = quirks_of(ccxt_id).rates
    assert rates.for_orders < rates.burst
    assert rates.cancel_burst >= 10


def test_a_venues_rates_are_its_exchanges() -> None:
    assert rates_of("binance_perp") == quirks_of("binanceusdm").rates
